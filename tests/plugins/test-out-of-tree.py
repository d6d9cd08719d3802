#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plugins by strangers, who have an installed library, its pkg-config file, and nothing of its source. Prints TAP.

  test-out-of-tree.py BUILD SOURCE PREFIX LIBDIR SANITIZE PYTHON GJS COMPILER...

Installs into the build tree, builds examples/echo-plugin there, and works through docs/writing-a-service.md: every block
of code on that page is a part of a file, or is run. PYTHON and GJS may be empty: what needs them is skipped; or a dash,
if the library was built without bindings.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True
from pages import add_part, blocks

BUILD, SOURCE, PREFIX, LIBDIR, SANITIZE, PYTHON, GJS, *COMPILER = sys.argv[1:]
NO_BINDINGS = '-'   # this build of the library has none: they are another build's to test
# What runs a block that is not for C alone, and why it may be missing.
RUNNERS = {'python': (PYTHON, 'no Python has gi'), 'gjs': (GJS, 'no gjs')}

results = []


def report(name, failure=None, skip=None):
    results.append(failure is None)
    for line in (failure or '').split('\n'):
        if failure:
            print(f'{name}: {line}', file=sys.stderr)
    print(f"{'ok' if failure is None else 'not ok'} {len(results)} /out-of-tree/{name}{f' # SKIP {skip}' if skip else ''}",
          flush=True)


class Failed(Exception):
    pass


def run(command, cwd, env):
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors='replace')
    if done.returncode:
        raise Failed(f'{shlex.join(command)} ended with {done.returncode}:\n{text}')
    return text


def check(name, function, *args):
    try:
        value = function(*args)
    except (Failed, AssertionError, OSError) as error:
        report(name, str(error) or repr(error))
        return None
    report(name)
    return value


def installed(root):
    """The environment of somebody who has the library in a place of its own."""
    run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', str(root)], root, os.environ)
    there = Path(f'{root}{PREFIX}')
    pkgconfig = root / 'pkgconfig'
    pkgconfig.mkdir()
    text = (there / LIBDIR / 'pkgconfig' / 'libdevssh-1.pc').read_text(encoding='utf-8')
    (pkgconfig / 'libdevssh-1.pc').write_text(re.sub('^prefix=.*', f'prefix={there}', text, flags=re.M), encoding='utf-8')

    flags = f'-fsanitize={SANITIZE}' if SANITIZE else ''
    programs = root / 'programs'
    programs.mkdir()
    (programs / 'cc').write_text(f'#!/bin/sh\nPATH={shlex.quote(os.environ["PATH"])}\n'
                                 f'exec {shlex.join(COMPILER)} {flags} -Wall -Werror "$@"\n', encoding='utf-8')
    (programs / 'cc').chmod(0o755)
    if PYTHON not in ('', NO_BINDINGS):
        (programs / 'python3').symlink_to(PYTHON)

    def before(variable, *paths):
        return ':'.join([*map(str, paths), *filter(None, [os.environ.get(variable)])])

    env = {
        **os.environ,
        'CC': 'cc',
        'PATH': before('PATH', programs),
        'PKG_CONFIG_PATH': before('PKG_CONFIG_PATH', pkgconfig),
        'LD_LIBRARY_PATH': str(there / LIBDIR),
        'GI_TYPELIB_PATH': str(there / LIBDIR / 'girepository-1.0'),
        'GJS_PATH': str(there / 'share' / 'gjs-1.0'),
        'PYTHONPATH': before('PYTHONPATH', *[path.parents[2] for path in there.rglob('gi/overrides/DevSsh.py')]),
        'PYTHONDONTWRITEBYTECODE': '1',
        'G_DEBUG': 'fatal-criticals',
    }
    # The library looks into the directory that it was built for; here it stands somewhere else.
    env['DEVSSH_PLUGIN_PATH'] = plugin_directory(env)
    return env


def plugin_directory(env):
    return run(['pkg-config', '--variable=plugindir', 'libdevssh-1'], '/', env).strip()


def plugin_directory_is_there(root, env):
    directory = Path(plugin_directory(env))
    assert directory.is_relative_to(root), directory
    assert (directory / 'port-forwarding.plugin').exists(), list(directory.iterdir())


# ---- examples/echo-plugin ----

def build_echo(root, env):
    source, build = root / 'echo-plugin', root / 'echo-plugin' / 'build'
    shutil.copytree(Path(SOURCE) / 'examples' / 'echo-plugin', source)
    run(['meson', 'setup', str(build)], source, env)
    run(['meson', 'compile', '-C', str(build)], source, env)
    return build


def test_echo(build, env):
    run(['meson', 'test', '-C', str(build), '--no-rebuild', '--print-errorlogs'], build, env)


def install_echo(build, env):
    run(['meson', 'install', '-C', str(build), '--no-rebuild'], build, env)
    run([str(build / 'test-echo'), plugin_directory(env)], build, env)


def exports(build, env):
    """The two symbols of a plugin, and nothing else that another plugin could have as well."""
    text = run(['nm', '-D', '--defined-only', str(build / 'libexample-echo.so')], build, env)
    names = {line.split()[2] for line in text.splitlines() if not re.search(r' (__|_init|_fini|asan|ubsan)', line)}
    assert names == {'devssh_plugin_abi', 'devssh_plugin_load'}, names


# ---- docs/writing-a-service.md ----

def work_through(page, folder, env):
    files = set()
    for number, (kind, argument, language, text) in enumerate(blocks(page), 1):
        if kind == 'file':
            add_part(folder, argument, text, files)
        elif kind == 'run':
            name = f'page/{number}/{text.split(chr(10))[0][:40].strip()}'
            runner, missing = RUNNERS.get(argument, ('bash', None))
            if runner == NO_BINDINGS:
                continue
            if not runner:
                report(name, skip=missing)
            else:
                check(name, run, ['bash', '-euo', 'pipefail', '-c', text], folder, env)
        else:
            report(f'page/{number}', f'nobody runs this {language} block:\n{text}')


def self_test():
    found = list(blocks('x\n<!-- file: a.c -->\n```c\nint a;\n```\n\n```sh\nfalse\n```\n<!-- run: gjs -->\n```sh\ntrue\n```\n'))
    assert found == [('file', 'a.c', 'c', 'int a;\n'), (None, None, 'sh', 'false\n'), ('run', 'gjs', 'sh', 'true\n')], found


def main():
    os.umask(0o022)     # plugins that others can write to are not used
    root = Path(tempfile.mkdtemp(prefix='out-of-tree.', dir=Path(BUILD) / 'tests' / 'plugins'))
    try:
        check('self-test', self_test)
        env = check('install', installed, root)
        if env:
            check('plugin-directory', plugin_directory_is_there, root, env)
            build = check('echo-plugin/build', build_echo, root, env)
            if build:
                check('echo-plugin/test', test_echo, build, env)
                check('echo-plugin/exports', exports, build, env)
                check('echo-plugin/install', install_echo, build, env)
            folder = root / 'page'
            folder.mkdir()
            page = Path(SOURCE) / 'docs' / 'writing-a-service.md'
            work_through(page.read_text(encoding='utf-8'), folder, env)
    finally:
        shutil.rmtree(root)
    print(f'1..{len(results)}')
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
