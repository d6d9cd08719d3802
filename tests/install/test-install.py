#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` leaves behind, and every example built and run with nothing else of ours. Prints TAP.

  test-install.py BUILD SOURCE PREFIX LIBDIR FEATURES PYTHON GJS VALAC CXX COMPILER...

FEATURES are the options that are on, with commas. PYTHON, GJS, VALAC and CXX may be empty: what needs them is skipped.

The library is made for PREFIX and stands elsewhere, in a folder that is the root of a whole machine: all that the real one has is
there as well, by symbolic links. pkg-config is told with PKG_CONFIG_SYSROOT_DIR, as for any such root. What else has to be told is
in environment(), and is what a user has to say of a library that is not where it was made for.
"""
import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'interop'))
import peers                                                                            # noqa: E402
from peers import EchoTarget, Program, Skip, add, case, echo_through, key, run          # noqa: E402

BUILD, SOURCE, PREFIX, LIBDIR, FEATURES, PYTHON, GJS, VALAC, CXX, *COMPILER = sys.argv[1:]
EXAMPLES = Path(SOURCE) / 'examples'
ROOT = Path(tempfile.mkdtemp(prefix='install.', dir=BUILD))
PROGRAMS = ROOT / 'programs'                    # the examples, as they are built here
THERE = ROOT / PREFIX.lstrip('/')
INCLUDE = THERE / 'include' / 'libdevssh-1'
OVERRIDE = 'gi/overrides/DevSsh.py'


# ---- the root ----

def overlay(real, here):
    """Links what here lacks and the real machine has."""
    for path in real.iterdir():
        mine = here / path.name
        if not mine.exists():
            mine.symlink_to(path)
        elif mine.is_dir() and not mine.is_symlink() and path.is_dir():
            overlay(path, mine)


def installed_files():
    return [path for path in sorted(THERE.rglob('*')) if not path.is_dir()]


def install():
    run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', str(ROOT)])
    INSTALLED.extend(installed_files())
    for folder in ('usr', 'lib'):
        (ROOT / folder).mkdir(exist_ok=True)
        overlay(Path('/') / folder, ROOT / folder)
    PROGRAMS.mkdir()


INSTALLED = []


def pkg_config(*words):
    return run(['pkg-config', *words], env=environment()).decode().split()


@functools.cache
def environment():
    def before(variable, path):
        return ':'.join(filter(None, [str(path), os.environ.get(variable)]))

    real = run(['pkg-config', '--variable=pc_path', 'pkg-config']).decode().strip().split(':')
    python = [str(path)[:-len(OVERRIDE) - 1] for path in THERE.rglob(OVERRIDE)]
    return {
        **{name: value for name, value in os.environ.items() if name not in ('GI_TYPELIB_PATH', 'GJS_PATH', 'PYTHONPATH')},
        # To build: the .pc file, the vapi.
        'PKG_CONFIG_SYSROOT_DIR': str(ROOT),
        'PKG_CONFIG_LIBDIR': ':'.join([f'{THERE / LIBDIR}/pkgconfig', *(f'{ROOT}{path}' for path in real)]),
        'XDG_DATA_DIRS': ':'.join([f'{THERE}/share', os.environ.get('XDG_DATA_DIRS') or '/usr/local/share:/usr/share']),
        # To run: the library, the typelib, the overrides (GJS finds its own by XDG_DATA_DIRS), the plugins.
        'LD_LIBRARY_PATH': before('LD_LIBRARY_PATH', THERE / LIBDIR),
        'GI_TYPELIB_PATH': str(THERE / LIBDIR / 'girepository-1.0'),
        'PYTHONPATH': ':'.join(python),
        'DEVSSH_PLUGIN_PATH': f'{THERE / LIBDIR}/libdevssh-1/plugins',
        'PYTHONDONTWRITEBYTECODE': '1',
        'G_DEBUG': 'fatal-criticals',
    }


def compile_with(compiler, *words):
    done = subprocess.run([*compiler, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env=environment())
    assert done.returncode == 0, f'{shlex.join(map(str, [*compiler, *words]))}\n{done.stdout}'
    assert 'warning' not in done.stdout, done.stdout


# ---- what is there ----

def name_of(path):
    """How files.txt calls it."""
    name = str(path.relative_to(THERE))
    if name.endswith(OVERRIDE):
        return f'PYTHON/{OVERRIDE}'
    return f'LIBDIR{name[len(LIBDIR):]}' if name.startswith(LIBDIR + '/') else name


@case('/install/the-files-are-those-of-the-list')
def _():
    expected = set()
    for line in (HERE / 'files.txt').read_text(encoding='utf-8').splitlines():
        words = line.split('#')[0].split()
        if words and all(option in FEATURES.split(',') for option in words[1:]):
            expected.add(words[0])
    # A reference has a page for everything.
    found = {name_of(path) for path in INSTALLED if not str(path).startswith(f'{THERE}/share/doc/libdevssh-1/')}
    if not PYTHON:
        expected.discard(f'PYTHON/{OVERRIDE}')
    problems = [f'not installed: {name}' for name in sorted(expected - found)]
    problems += [f'not in files.txt: {name}' for name in sorted(found - expected)]
    assert not problems, '\n'.join(problems)


@case('/install/nothing-says-where-it-was-built')
def _():
    places = {os.path.realpath(place).encode() for place in (BUILD, SOURCE)} | {BUILD.encode(), SOURCE.encode()}
    texts = [path for path in INSTALLED if path.suffix not in ('.so', '.typelib') and '.so.' not in path.name
             and path.parent.name != 'bin']
    assert {path.suffix for path in texts} >= {'.h', '.pc', '.plugin'}
    tell = [f'{path}: {place.decode()}' for path in texts for place in places if place in path.read_bytes()]
    assert not tell, '\n'.join(tell)


@case('/install/nothing-is-private')
def _():
    headers = [path for path in INSTALLED if path.suffix == '.h']
    assert headers and not [path for path in headers if path.name.endswith('-private.h')]
    private = {path.name for path in (Path(SOURCE) / 'libdevssh').rglob('*-private.h')}
    told = [f'{path}: {name}' for path in headers for name in re.findall(r'#include.*/([\w-]+\.h)', path.read_text(encoding='utf-8'))
            if name in private]
    assert not told, '\n'.join(told)


def headers_compile(compiler, language):
    if not all(compiler):
        raise Skip('no compiler of C++')
    headers = [path for path in INSTALLED if path.suffix == '.h' and path.name != 'devssh.h']
    assert len(headers) > 30, headers
    folder = PROGRAMS / language
    folder.mkdir()
    strict = ['-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror', *pkg_config('--cflags', 'libdevssh-1')]
    # As if it were a file of the library's, or each would ask for the umbrella.
    inner = [*strict, '-DDEVSSH_COMPILATION']
    # GIO is read once, not once for each of ours.
    gio = folder / 'gio.h'
    gio.write_text('#include <gio/gio.h>\n', encoding='utf-8')
    compile_with(compiler, '-x', f'{language}-header', *inner, gio, '-o', f'{gio}.gch')
    units = []
    for header in headers:
        units.append(folder / f'{header.stem}.{language}')
        units[-1].write_text(f'#include <{header.relative_to(INCLUDE)}>\n', encoding='utf-8')
    compile_with(compiler, '-fsyntax-only', *inner, '-include', gio, '-x', language, *units)
    # The umbrella, as everybody has it.
    compile_with(compiler, '-fsyntax-only', *strict, '-include', INCLUDE / 'libdevssh' / 'devssh.h', '-x', language, os.devnull)


add('/install/headers/each-compiles-alone-in-C', headers_compile, [*COMPILER[COMPILER[0].endswith('ccache'):], '-std=gnu11'], 'c')
add('/install/headers/each-compiles-alone-in-C++', headers_compile, [CXX], 'c++')


@case('/install/plugins/are-where-the-library-looks-for-them')
def _():
    folder = f'{PREFIX}/{LIBDIR}/libdevssh-1/plugins'
    assert pkg_config('--variable=plugindir', 'libdevssh-1')[0].removeprefix(str(ROOT)) == folder
    assert (THERE / LIBDIR / 'libdevssh-1.so').read_bytes().find(folder.encode() + b'\0') > 0, folder
    assert list(Path(f'{ROOT}{folder}').glob('*.plugin'))


@case('/install/python/finds-its-override')
def _():
    if not PYTHON:
        raise Skip('no Python has gi')
    found = [path for path in INSTALLED if str(path).endswith(OVERRIDE)]
    assert len(found) == 1, found
    folder = '/' + str(found[0].relative_to(ROOT))[:-len(OVERRIDE) - 1]
    looks = run([PYTHON, '-I', '-c', 'import sys; print("\\n".join(sys.path))']).decode().split('\n')
    if not any(path.startswith(PREFIX + '/') for path in looks):
        raise Skip(f'this Python looks nowhere in {PREFIX}')
    assert folder in looks, f'{folder} is not in {looks}'


@case('/install/vala/says-what-there-is-to-say')
def _():
    run(build_vala(HERE / 'vala-api.vala', 'posix'), env=environment())


# ---- the examples ----

def known_hosts(port, kind):
    words = peers.public_key(kind).split()
    return peers.write(f'known-{port}', f'[127.0.0.1]:{port} {words[0]} {words[1]}\n')


def start(command):
    return Program(command, env=environment())


def said(program, pattern):
    found = re.search(pattern, program.wait_for('text')['text'])
    assert found, program.tail()
    return found.groups()


def server_of(command):
    """A server that runs, its port, and its fingerprint."""
    program = start([*command, '0', key('ecdsa-256'), key('ed25519') + '.pub'])
    return program, *said(program, r'^listening on port (\d+), host key (\S+)$')


def login(port):
    return ['127.0.0.1', port, 'alice', key('ed25519'), known_hosts(port, 'ecdsa-256')]


def c_program(name):
    return [str(PROGRAMS / f'{name}.c')]


def run_client(command):
    server, port, _ = server_of(c_program('server'))
    with server:
        assert run([*command, *login(port), 'echo hello'], env=environment()) == b'hello\n'


def run_server(command):
    server, port, _ = server_of(command)
    with server:
        assert run([*c_program('client'), *login(port), 'echo hello'], env=environment()) == b'hello\n'


def run_forward(command):
    server, port, _ = server_of(c_program('server'))
    with server, EchoTarget() as target:
        for direction in ('local', 'remote'):
            with start([*command, *login(port), direction, '0', '127.0.0.1', str(target.port)]) as client:
                echo_through(int(said(client, r'^forwarding port (\d+)$')[0]), size=100000)


def run_service(command):
    if not shutil.which('ssh'):
        raise Skip('no ssh')
    with start([*command, '0']) as server:
        port, = said(server, r'^listening on port (\d+)$')
        ask = peers.write('askpass', '#!/bin/sh\necho wonderland\n', 0o700)
        assert run(['ssh', '-o', 'BatchMode=no', '-o', 'PreferredAuthentications=password', *peers.SSH_OPTIONS, '-p', port, '-s',
                    'alice@127.0.0.1', 'shout'], text=b'hello\n',
                   env={**os.environ, 'SSH_ASKPASS_REQUIRE': 'force', 'SSH_ASKPASS': ask}) == b'HELLO\n'


def run_survive(command):
    """Here it need not; the interop suite cuts it."""
    server, port, fingerprint = server_of(c_program('server'))
    with server, EchoTarget() as target:
        with start([*command, '127.0.0.1', port, 'alice', key('ed25519'), fingerprint, '0', '127.0.0.1', str(target.port)]) as client:
            echo_through(int(said(client, r'^forwarding port (\d+)$')[0]), size=100000)


def run_cuts(command):
    server, port, fingerprint = server_of(c_program('server'))
    with server:
        text = run([*command, '127.0.0.1', port, 'alice', key('ed25519'), fingerprint, '4', '1', peers.scratch('cuts.svg')],
                   env=environment())
        assert b'SHA-256 same' in text, text


def run_websocket(command):
    with start([*command, '0', key('ed25519') + '.pub']) as server:
        url, fingerprint = said(server, r'listening on (\S+), host key (\S+)')
        assert run([*command, url, 'alice', key('ed25519'), fingerprint, 'hello'], env=environment()) == b'hello\n'


def run_demo(command):
    """It wants a build folder: programs in examples/, and a plugin beside its keyfile."""
    build = PROGRAMS / 'build'
    (build / 'examples').mkdir(parents=True)
    (build / 'plugins').mkdir()
    for name in ('server', 'forward', 'cuts'):
        (build / 'examples' / name).symlink_to(c_program(name)[0])
    (build / 'plugins' / 'port-forwarding').symlink_to(THERE / LIBDIR / 'libdevssh-1' / 'plugins')
    text = run([*command, str(build), '1', '1'], env=environment())
    assert b'SHA-256 same' in text and b'DIFFERENT' not in text, text


RUNS = {'client': run_client, 'server': run_server, 'forward': run_forward, 'service': run_service, 'survive': run_survive,
        'cuts': run_cuts, 'websocket': run_websocket, 'demo': run_demo}
# Not programs of their own: what they are part of, or who tests them.
PARTS = {
    'websocket-stream.c': 'websocket.c',
    'websocket-stream.h': 'websocket.c',
    'meson.build': 'the build folder',
    'run-demo': 'demo.py',
    'echo-plugin': 'tests/plugins/test-out-of-tree.py',
}
PACKAGES = {'websocket.c': ['libsoup-3.0']}


def build_c(path):
    packages = ['libdevssh-1', *PACKAGES.get(path.name, [])]
    parts = [EXAMPLES / name for name, whole in PARTS.items() if whole == path.name and name.endswith('.c')]
    if subprocess.run(['pkg-config', '--exists', *packages], env=environment(), check=False).returncode:
        raise Skip(f'no {packages[-1]}')
    compile_with(COMPILER, '-Wall', '-Werror', path, *parts, '-o', PROGRAMS / path.name, *pkg_config('--cflags', '--libs', *packages))
    return [str(PROGRAMS / path.name)]


def build_vala(path, *packages):
    if not VALAC or 'vapi' not in FEATURES.split(','):
        raise Skip('no valac, or no vapi')
    # What valac makes of a program has warnings in C, as everywhere; its own are ours.
    options = [word for package in ('libdevssh-1', *packages) for word in ('--pkg', package)]
    compile_with([VALAC], '--fatal-warnings', '--cc', COMPILER[-1], '-X', '-w', *options, path, '-d', PROGRAMS, '-o', path.name)
    return [str(PROGRAMS / path.name)]


def build_python(path):
    if not PYTHON:
        raise Skip('no Python has gi')
    return [PYTHON, str(path)]


def build_javascript(path):
    if not GJS:
        raise Skip('no gjs')
    return [GJS, '-m', str(path)]


BUILDS = {'.c': build_c, '.vala': build_vala, '.py': build_python, '.js': build_javascript}
built = {}


def example(path):
    command = built[path].result()
    assert path.stem in RUNS, f'no row says how to run {path.name}: add one to RUNS'
    RUNS[path.stem](command)


@case('/install/examples/nobody-forgets-one')
def _():
    lost = [path.name for path in sorted(EXAMPLES.iterdir()) if path.suffix not in BUILDS and path.name not in PARTS]
    assert not lost, f'nobody runs {", ".join(lost)}: add a row to BUILDS and RUNS, or to PARTS'


def main():
    os.umask(0o022)             # plugins that others can write to are not used
    try:
        install()
        examples = [path for path in EXAMPLES.iterdir() if path.suffix in BUILDS and path.name not in PARTS]
        with ThreadPoolExecutor(2) as pool:
            # C first: the programs of other languages talk to it.
            for path in sorted(examples, key=lambda path: (path.suffix != '.c', path)):
                built[path] = pool.submit(BUILDS[path.suffix], path)
                add(f'/install/examples/{path.name}', example, path)
            del sys.argv[1:]    # which were not names of tests
            peers.main()
    finally:
        shutil.rmtree(ROOT, ignore_errors=True)


if __name__ == '__main__':
    main()
