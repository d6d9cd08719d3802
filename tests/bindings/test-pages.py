#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every block of code in docs/*.md is compiled or run, and every name in the text exists. Prints TAP.

  test-pages.py BUILD SOURCE GIR GJS VALAC COMPILER...

Runs under a Python that has gi. GJS and VALAC may be empty: what needs them is skipped. What a block is for is said before it,
see tests/pages.py. Of the others, C is compiled (see NAMES_IN_C), the commands in sh exist, and whatever is neither has a
reason in NOT_RUN. A page may begin where another one ends (BEGINS_WITH). Ports are written as a reader would choose them
(PORTS), and are free ones here.

writing-a-service.md is tested by tests/plugins/test-out-of-tree.py, with an installed library.
"""
import concurrent.futures
import errno
import importlib.util
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True
from pages import add_part, blocks

import gi
gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib, GObject

BUILD, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
GIR, GJS, VALAC, *COMPILER = sys.argv[3:]
PATIENCE = 100          # seconds until a program that serves is ready, or a command has ended
ELSEWHERE = ['writing-a-service.md']
BEGINS_WITH = {f'getting-started-{language}.md': 'getting-started.md' for language in ('c', 'python', 'javascript', 'vala')} | {
    f'coming-from-{library}.md': 'getting-started.md' for library in ('libssh', 'paramiko', 'dev-tunnels-ssh')}
PORTS = ['2222', '2223', '8000', '8080', '9000']
RUNNERS = {'gjs': (GJS, 'no gjs'), 'valac': (VALAC, 'no valac'),
           'paramiko': (importlib.util.find_spec('paramiko'), 'no paramiko'),
           'libssh': (list(Path('/usr/include/libssh').glob('*.h')), 'no headers of libssh')}
# A block that is neither compiled nor run: (page, its language), and why.
NOT_RUN = {
    ('coming-from-dev-tunnels-ssh.md', 'ts'): 'the other library is not a dependency of this one',
}
PLAIN = ['', 'text', 'ini']

# What a fragment of C may use without saying what it is. *_cb: the callback of an asynchronous operation.
NAMES_IN_C = {
    'session': 'DevSshSession *', 'client_session': 'DevSshClientSession *', 'client': 'DevSshClient *',
    'server': 'DevSshServer *', 'config': 'DevSshSessionConfig *', 'channel': 'DevSshChannel *',
    'verifier': 'DevSshHostKeyVerifier *',
    'known_hosts': 'DevSshKnownHosts *', 'credentials': 'DevSshClientCredentials *', 'host_keys': 'DevSshServerCredentials *',
    'key': 'DevSshKeyPair *', 'contour': 'DevSshSessionContour *', 'pipes': 'DevSshMultiChannelStream *',
    'secure': 'DevSshSecureStream *', 'stream': 'GIOStream *', 'connection': 'GIOStream *', 'file': 'GFile *',
    'cancellable': 'GCancellable *', 'result': 'GAsyncResult *', 'bytes': 'GBytes *', 'error': 'GError *',
    'user_data': 'gpointer ',
}
FUNCTIONS_IN_C = {
    'try_again_cb': 'gboolean try_again_cb (gpointer data);',
    'may_run': 'gboolean may_run (const char *command);',
    'ask_and_import_again': 'void ask_and_import_again (GFile *file);',
}

# Words with underscores in the text that are not ours.
OTHER_WORDS = {'known_hosts', 'authorized_keys', 'get_data', 'last_received', 'DEVSSH_PLUGIN_PATH'}
FILE = re.compile(r'.*\.(c|h|js|ts|py|vala|pc|md|plugin|so|txt|toml)$')


class Failed(Exception):
    pass


class Skip(Exception):
    pass


# ---- names ----

CORE, C, GLIB = ('{http://www.gtk.org/introspection/%s/1.0}' % name for name in ('core', 'c', 'glib'))
CODE = re.compile(r'(?<!`)`([^`\n]+)`(?!`)')
FENCE = re.compile(r'^```.*?^```$', re.M | re.S)


class Names:
    """What there is, by the GIR and the headers."""

    def __init__(self, gir):
        self.c, self.types, self.members, self.signals = set(), {}, set(), set()
        for item in ElementTree.parse(gir).getroot().find(f'{CORE}namespace'):
            self.c |= {item.get(C + 'identifier'), item.get(C + 'type'), item.get(GLIB + 'get-type')}
            if item.get(GLIB + 'error-domain'):
                self.c.add(item.get(GLIB + 'error-domain'))
            names = self.types.setdefault(item.get(C + 'type') or item.get('name'), set())
            for part in item:
                name = part.get('name')
                self.c.add(part.get(C + 'identifier'))
                if part.tag == GLIB + 'signal':
                    self.signals.add(name)
                    names.add('::' + name)
                elif part.tag == CORE + 'property':
                    names.add(':' + name)
                elif name:
                    self.members.add(name)
        self.headers = ''.join(path.read_text(encoding='utf-8') for path in (SOURCE / 'libdevssh').rglob('*.h')
                               if not path.name.endswith('-private.h'))

    def has(self, word):
        """None: no name of anything that we know."""
        if word in OTHER_WORDS or FILE.match(word):
            return None
        if word.startswith('::'):
            return word[2:] in self.signals
        if match := re.fullmatch(r'(DevSsh[A-Z]\w*)(::?[a-z-]+)?', word):
            return match[1] in self.types and (match[2] is None or match[2] in self.types[match[1]])
        if re.fullmatch(r'devssh_\w+', word):
            return word in self.c or re.search(rf'\b{word}\b', self.headers) is not None
        if re.fullmatch(r'DEVSSH_\w+', word):
            return word in self.c or re.search(rf'\b{word}\b', self.headers) is not None
        if re.fullmatch(r'[A-Z]\w*(\.\w+)+', word):
            for root in (DevSsh, Gio, GLib, GObject):
                if word.split('.')[0] == root.__name__.rpartition('.')[2]:
                    return is_in(root, word.split('.')[1:])
            return is_in(DevSsh, word.split('.')) if hasattr(DevSsh, word.split('.')[0]) else None
        if re.fullmatch(r'[a-z]+(_[a-z0-9]+)+', word) and not word.startswith(('g_', 'do_', 'vfunc_')):
            return word in self.members or word.split('_')[0] in ('ssh', 'gi')
        if re.fullmatch(r'(do|vfunc)_\w+', word):
            return word.partition('_')[2] in self.members
        return None


def is_in(root, parts):
    """Overrides are asked, too."""
    for part in parts:
        # A virtual function has another name in Python.
        root = next((getattr(root, name) for name in (part, 'do_' + part) if hasattr(root, name)), None)
        if root is None:
            return False
    return True


def words(text):
    """What stands in the text as code: names, without arguments."""
    for code in CODE.findall(FENCE.sub('', text)):
        yield re.sub(r'\(.*\)$', '', code.strip())


def check_names(text, names):
    unknown = sorted({word for word in words(text) if names.has(word) is False})
    if unknown:
        raise Failed('no such names: ' + ', '.join(unknown))


def old_names(text):
    """The names in the first column of tables."""
    for line in FENCE.sub('', text).splitlines():
        if line.startswith('| '):
            yield from words(line.split(' | ')[0])


def without_old_names(text):
    return re.sub(r'^\| .*? \| ', '| ', text, flags=re.M)


def check_paramiko(text):
    try:
        import paramiko
    except ImportError:
        raise Skip('no paramiko') from None
    unknown = [word for word in old_names(text) if re.fullmatch(r'\w+(\.\w+)*', word) and not is_in(paramiko, word.split('.'))]
    if unknown:
        raise Failed(f'paramiko has no {", ".join(unknown)}')


def check_libssh(text):
    headers, missing = RUNNERS['libssh']
    if not headers:
        raise Skip(missing)
    there = set(re.findall(r'\w+', ''.join(path.read_text(encoding='utf-8', errors='replace') for path in headers)))
    unknown = [word for word in old_names(text) if re.fullmatch(r'\w+', word) and word not in there]
    if unknown:
        raise Failed(f'libssh has no {", ".join(unknown)}')


def check_dev_tunnels(text):
    """By the map of names; what stands for a whole class is the beginning of some."""
    lines = (SOURCE / 'tests' / 'api-map.txt').read_text(encoding='utf-8').splitlines()
    names = [line.split()[0] for line in lines if line and not line.startswith('#')]
    there = {*names, *(name.split('.')[0] for name in names)}
    unknown = [word for word in old_names(text) if re.fullmatch(r'\w+(\.\w+)*', word) and word not in there]
    if unknown:
        raise Failed(f'tests/api-map.txt has no {", ".join(unknown)}')


def check_defaults(text):
    """What the page on security says of algorithms and limits is what there is."""
    config = DevSsh.SessionConfig.new()
    algorithms = {'key exchange': 'key-exchange-algorithms', 'host and user keys': 'public-key-algorithms',
                  'ciphers': 'encryption-algorithms', 'MACs': 'mac-algorithms'}
    rows = [[cell.strip() for cell in line.strip('| ').split(' | ')] for line in text.splitlines() if line.startswith('| ')]
    found = {row[0]: CODE.findall(row[1]) for row in rows if row[0] in algorithms}
    wanted = {name: config.get_property(value) for name, value in algorithms.items()}
    if found != wanted:
        raise Failed(f'the page has {found},\nthe library {wanted}')
    n_limits = 0
    for row in rows:
        properties = re.findall(r'\[property@DevSsh\.(\w+):([\w-]+)\]', row[-1])
        values = [value.replace(' ', '') for value in row[1].split(';')] if len(row) == 3 else []
        for (cls, name), value in zip(properties, values):
            if value.isdigit():
                n_limits += 1
                default = getattr(DevSsh, cls).find_property(name).default_value
                if int(value) != default:
                    raise Failed(f'{name} is {default}, and not {value}')
    if n_limits < 5:
        raise Failed(f'only {n_limits} limits found')


DEFAULTS = {'security-model.md': check_defaults}
OLD_NAMES = {'coming-from-paramiko.md': check_paramiko, 'coming-from-libssh.md': check_libssh,
             'coming-from-dev-tunnels-ssh.md': check_dev_tunnels}


# ---- where pages are worked through ----

def environment(folder):
    """That of somebody who has the library, his programs and nothing else."""
    vapi = folder / 'vapi'          # the two files are installed beside each other
    vapi.mkdir()
    for part in ['introspection/libdevssh-1.vapi', 'meson-private/libdevssh-1.deps']:
        (vapi / Path(part).name).symlink_to(BUILD / part)
    programs = folder / 'programs'
    programs.mkdir()
    wrappers = {'cc': f'{shlex.join(COMPILER)} -Wall -Werror', 'devssh': BUILD / 'tools' / 'devssh', 'python3': sys.executable,
                'valac': f'{VALAC} --vapidir={folder}/vapi --fatal-warnings', 'gjs': GJS}
    for name, command in wrappers.items():
        script = f'#!/bin/sh\nPATH={shlex.quote(os.environ["PATH"])}\nexec {command} "$@"\n'
        (programs / name).write_text(script, encoding='utf-8')
        (programs / name).chmod(0o755)
    return {**os.environ, 'PATH': f'{programs}:{os.environ["PATH"]}', 'HOME': str(folder),
            'PKG_CONFIG_PATH': str(BUILD / 'meson-uninstalled'), 'PYTHONUNBUFFERED': '1',
            'PYTHONDONTWRITEBYTECODE': '1', 'no_proxy': '*', 'CCACHE_DISABLE': '1'}


def run(command, folder, env):
    """Returns what it has said; complaints are shown if it fails."""
    try:
        done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        said, rest = ((part or b'').decode(errors='replace') for part in (error.stdout, error.stderr))
        raise Failed(f'{command[-1]}: not done after {PATIENCE} s:\n{said}{rest}') from None
    said, rest = (part.decode(errors='replace') for part in (done.stdout, done.stderr))
    if done.returncode:
        raise Failed(f'{command[-1]}: ended with {done.returncode}:\n{said}{rest}')
    return said


class Service:
    """A program that runs until the page ends, and has said that it listens."""

    def __init__(self, text, folder, env):
        # It ends with its standard input, too, if this test should be killed.
        self.process = subprocess.Popen(['bash', '-euo', 'pipefail', '-c', text], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        alarm = threading.Timer(PATIENCE, self.kill)
        alarm.start()
        said = []
        try:
            for line in self.process.stdout:
                said.append(line.decode(errors='replace'))
                if re.search(r'listening|\bport\b', said[-1]):
                    break
            else:
                self.close()
                raise Failed(f'{text}: does not serve:\n{"".join(said)}')
        finally:
            alarm.cancel()
        # What it says from now on is nobody's business, but it must be able to.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def kill(self):
        os.killpg(self.process.pid, signal.SIGTERM)

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.process.wait()


def free_ports(count):
    """Ports that are free, and outside the range from which the system takes those of clients meanwhile."""
    ports = []
    for port in random.sample(range(15000, 32000), 2000):
        try:
            for family, address in [(socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')]:
                with socket.socket(family) as end:
                    end.bind((address, port))
        except OSError as error:
            if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                continue
        ports.append(str(port))
        if len(ports) == count:
            break
    return ports


# ---- kinds of blocks ----

def program_of(text):
    """A fragment of C as a whole file. What it uses and does not say itself is declared before it."""
    text = re.sub(r'^ *\.\.\.\n', '', text, flags=re.M)
    used = set(re.findall(r'\b[a-z]\w*\b', re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', '', text, flags=re.S)))
    is_function = re.search(r'^\{$', text, re.M)
    defined = set(re.findall(r'^(\w+) \(', text, re.M)) if is_function else set()
    lines = ['#include <libdevssh/devssh.h>', '#include <string.h>']
    lines += [declaration for name, declaration in FUNCTIONS_IN_C.items() if name in used - defined]
    lines += [f'GAsyncReadyCallback {name};' for name in sorted(used - defined - FUNCTIONS_IN_C.keys()) if name.endswith('_cb')]
    if is_function:
        return '\n'.join([*lines, text])
    lines += [f'extern {kind}{name};' for name, kind in NAMES_IN_C.items()
              if name in used and not re.search(rf'^ *(g_autoptr ?\(\w+\)|\w+ \*?) ?\*?{name}\b( =|;)', text, re.M)]
    return '\n'.join([*lines, 'void fragment (void);', 'void', 'fragment (void)', '{', text, '}', ''])


def compile_fragment(text, folder, env):
    (folder / 'fragment.c').write_text(program_of(text), encoding='utf-8')
    run(['bash', '-c', 'cc -fmax-errors=2 -fsyntax-only -Wno-unused fragment.c $(pkg-config --cflags libdevssh-1)'], folder, env)


def compile_program(text, folder, env):
    (folder / 'program.c').write_text(text, encoding='utf-8')
    run(['bash', '-c', 'cc program.c -o program $(pkg-config --cflags --libs libdevssh-1)'], folder, env)


def commands_exist(text, folder, env):
    """That a command of the page is there, and ours has the options."""
    for line in re.sub(r'\\\n', ' ', text).splitlines():
        parts = re.split(r'\|\||&&|[|;]', shlex.join(shlex.split(line, comments=True)).replace("'|'", '|').replace("'&&'", '&&'))
        for part in parts:
            word, *arguments = shlex.split(part) or ['true']
            if word == 'sudo':
                word, *arguments = arguments
            place = BUILD / word.removeprefix('build/') if word.startswith('build/') else SOURCE / word
            if not place.is_file() and not shutil.which(word, path=env['PATH'] + ':/usr/sbin'):
                run(['bash', '-c', f'type {shlex.quote(word)}'], folder, env)
            if word == 'devssh':
                text = run([str(BUILD / 'tools' / 'devssh'), arguments[0], '--help-all'], folder, env)
                unknown = [argument for argument in arguments[1:]
                           if argument.startswith('-') and not re.search(rf'(^| |, ){argument.split("=")[0]}\b', text, re.M)]
                if unknown:
                    raise Failed(f'devssh {arguments[0]} has no {unknown}')


class Page:
    def __init__(self, name, names, report, ports=()):
        self.name = name
        self.ports = dict(zip(PORTS, ports))
        self.names = names
        self.report = report
        self.files = set()
        self.services = []
        self.said = ''

    def check(self, path, function, *args):
        try:
            function(*args)
        except Skip as skip:
            self.report(f'{self.name[:-3]}/{path}', skip=str(skip))
        except (Failed, OSError, ValueError) as error:
            self.report(f'{self.name[:-3]}/{path}', failure=str(error) or repr(error))
        else:
            self.report(f'{self.name[:-3]}/{path}')

    def work_through(self):
        text = (SOURCE / 'docs' / self.name).read_text(encoding='utf-8')
        self.check('names', check_names, without_old_names(text) if self.name in OLD_NAMES else text, self.names)
        if self.name in OLD_NAMES:
            self.check('old-names', OLD_NAMES[self.name], text)
        if self.name in DEFAULTS:
            self.check('defaults', DEFAULTS[self.name], text)
        with tempfile.TemporaryDirectory(prefix='pages.') as folder:
            self.folder = Path(folder)
            self.env = environment(self.folder)
            try:
                if self.name in BEGINS_WITH:
                    before = (SOURCE / 'docs' / BEGINS_WITH[self.name]).read_text(encoding='utf-8')
                    for kind, argument, language, block in blocks(before):
                        if kind:
                            self.check('before', self.do, kind, argument, language, block)
                for number, (kind, argument, language, block) in enumerate(blocks(text), 1):
                    if (self.name, language) in NOT_RUN:
                        continue
                    self.check(f'{number}/{title(block)}', self.do, kind, argument, language, block)
            finally:
                for service in self.services:
                    service.close()

    def do(self, kind, argument, language, text):
        here = re.sub(r'\b(' + '|'.join(self.ports) + r')\b', lambda match: self.ports[match[0]], text)
        if kind in ('run', 'serve', 'says') and argument in RUNNERS and not RUNNERS[argument][0]:
            raise Skip(RUNNERS[argument][1])
        if kind == 'file':
            add_part(self.folder, argument, here, self.files)
        elif kind == 'run':
            self.said = run(['bash', '-euo', 'pipefail', '-c', here], self.folder, self.env)
        elif kind == 'serve':
            self.services.append(Service(here, self.folder, self.env))
        elif kind == 'says':
            if here != self.said:
                raise Failed(f'it says\n{self.said}and not\n{here}')
        elif language == 'c':
            (compile_program if re.search(r'^main \(', text, re.M) else compile_fragment)(text, self.folder, self.env)
        elif language == 'sh':
            commands_exist(text, self.folder, self.env)
        elif language not in PLAIN:
            raise Failed(f'nobody runs this {language} block:\n{text}')


def title(block):
    """Something to find a block by, which TAP can print."""
    return re.sub(r'[^\w.()-]+', '-', block.strip().split('\n')[0])[:40].strip('-')


# ---- the test itself ----

def self_test(names):
    for word in ['DevSsh.Session.open_channel_async', 'DevSsh.run', 'Channel.read', 'devssh_session_close',
                 'DevSshSession::closed', 'DEVSSH_ERROR_HOST_KEY', 'DEVSSH_PLUGIN_EXPORT', '::channel-opening', 'add_service',
                 'Gio.File', 'do_channel_opening', 'DevSsh.Service.do_activated', 'DevSshSession:is-closed']:
        assert names.has(word) is True, word
    for word in ['DevSsh.Session.open_chanel', 'DevSsh.walk', 'Channel.peek', 'devssh_session_shut', 'DevSshSession::shut',
                 'DevSshNone', 'DEVSSH_ERROR_WEATHER', '::channel-opened', 'add_servise', 'Gio.Fiel', 'do_chanel',
                 'DevSshSession:is-shut']:
        assert names.has(word) is False, word
    for word in ['true', 'Soup.Message', 'ssh -L', '/etc/passwd', 'g_object_unref']:
        assert names.has(word) is None, word
    for text, path in [('```\n`devssh_none`\n```\n', 'code'), ('see `devssh_session_close()`', 'call')]:
        check_names(text, names)
    for check, args in [(check_names, ('see `devssh_none()`', names)), (check_libssh, ('| `ssh_none` | x |',)),
                        (check_paramiko, ('| `SSHClient.none` | x |',)), (check_dev_tunnels, ('| `None.none` | x |',))]:
        try:
            check(*args)
        except Skip:
            continue
        except Failed:
            continue
        raise AssertionError(check)


def self_test_blocks():
    """What is wrong is seen to be."""
    seen = []
    page = Page('SELF-TEST.md', None, lambda path, failure=None, skip=None: seen.append((path, failure)), ['4711'])
    with tempfile.TemporaryDirectory(prefix='pages.') as folder:
        page.folder = Path(folder)
        page.env = environment(page.folder)
        for kind, argument, language, text in [
                ('file', 'a', 'sh', 'echo 2222\n'), ('run', None, 'sh', 'sh a\n'), ('says', None, '', '2222\n'),
                (None, None, 'c', 'devssh_session_close (session, DEVSSH_DISCONNECT_REASON_NONE, NULL);\n...\n'),
                (None, None, 'sh', 'devssh exec -i key localhost | cat   # (\n')]:
            page.check('good', page.do, kind, argument, language, text)
        for kind, argument, language, text in [
                ('run', None, 'sh', 'false\n'), ('run', None, 'sh', 'false | true\n'), ('says', None, '', '22222\n'),
                ('serve', None, 'sh', 'echo no\n'), (None, None, 'c', 'devssh_session_close (session, file, NULL);\n'),
                (None, None, 'c', 'int\nmain (void)\n{\n  devssh_none ();\n}\n'), (None, None, 'sh', 'no-such-command\n'),
                (None, None, 'sh', 'devssh exec --no-such-option\n'), (None, None, 'python', 'print()\n')]:
            page.check('bad', page.do, kind, argument, language, text)
    wrong = [result for result in seen if (result[0] == 'SELF-TEST/good') != (result[1] is None)]
    assert len(seen) == 14 and not wrong, wrong


def main():
    lock, results = threading.Lock(), []

    def report(path, failure=None, skip=None):
        with lock:
            results.append(failure is None)
            for line in (failure or '').splitlines():
                print(f'{path}: {line}', file=sys.stderr)
            verdict = 'ok' if failure is None else 'not ok'
            print(f"{verdict} {len(results)} /pages/{path}{f' # SKIP {skip}' if skip else ''}", flush=True)

    names = Names(GIR)
    for name, test in [('names', lambda: self_test(names)), ('blocks', self_test_blocks)]:
        try:
            test()
            report(f'self-test/{name}')
        except AssertionError as error:
            report(f'self-test/{name}', failure=str(error) or repr(error))
    listed = tomllib.loads((SOURCE / 'docs' / 'DevSsh.toml.in').read_text(encoding='utf-8'))['extra']['content_files']
    listed = [name for name in listed if name not in ELSEWHERE]
    ports = free_ports(len(listed) * len(PORTS))
    pages = [Page(name, names, report, ports[i * len(PORTS):]) for i, name in enumerate(listed)]
    # Each does more waiting than work.
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        for done in [pool.submit(page.work_through) for page in pages]:
            done.result()
    print(f'1..{len(results)}')
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
