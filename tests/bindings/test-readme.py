#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Types into a shell what README.md tells people to, and looks at what comes. Prints TAP.

  test-readme.py BUILD-FOLDER

Ports are replaced by free ones, and files are made in a folder of their own; all else is done as it stands there. What is shown
of programs has to stand in the programs, which are run by other tests.
"""
import getpass
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

import tap

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv[1])
PATIENCE = 60
# Ports of the README.
PORTS = ['2222', '2223', '8000', '8001', '8002', '8003', '8004']
# The first words of a block, and what is expected on the screen when its commands have begun.
EXPECTED = {
    'ssh-keygen': [r'^listening on port \d+, host key SHA256:'],
    'python3': [r'^Serving HTTP'] + 3 * [r'^forwarding port \d+$'],
    'curl': 3 * [r'<title>Directory listing'],
    'ssh -p': [r'^hello$'],
    'devssh keygen': [r'listening'],
    'devssh known-hosts': [r'leads to', r'^Linux '],
}
# Run elsewhere: by whoever got here, and by the tests of what is installed.
ELSEWHERE = ('examples/run-demo', 'meson test')


def free_ports(n):
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(n)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Shell:
    """What a terminal would be, with all that is said in it."""

    def __init__(self, folder):
        self.said = ''
        self.changed = threading.Condition()
        self.process = subprocess.Popen(['meson', 'devenv', '-C', BUILD, 'bash', '--norc'], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                        env={**os.environ, 'HOME': folder, 'USER': getpass.getuser(),
                                             'PYTHONUNBUFFERED': '1'})
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.said += line
                self.changed.notify_all()

    def type(self, commands, expected):
        with self.changed:
            seen = len(self.said)
            self.process.stdin.write(commands)
            self.process.stdin.flush()
            for pattern in set(expected):
                def there():
                    return len(re.findall(pattern, self.said[seen:], re.M)) >= expected.count(pattern)
                assert self.changed.wait_for(there, PATIENCE), f'no {pattern} after {commands}: {self.said[seen:]}'
            return self.said[seen:]

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def blocks(language):
    with open(os.path.join(SOURCE, 'README.md'), encoding='utf-8') as readme:
        return re.findall(rf'^```{language}\n(.*?)^```$', readme.read(), re.M | re.S)


def test_shell():
    ports = dict(zip(PORTS, free_ports(len(PORTS))))
    to_do = dict(EXPECTED)
    with tempfile.TemporaryDirectory() as folder:
        # As the shell of `meson devenv` would find it, but for the files that are made.
        os.mkdir(f'{folder}/build')
        os.symlink(f'{BUILD}/examples', f'{folder}/build/examples')
        os.symlink(f'{SOURCE}/examples', f'{folder}/examples')
        shell = Shell(folder)
        try:
            shell.type(f'cd {folder}/build\n', [])
            for block in blocks('sh'):
                for start in [start for start in to_do if block.startswith(start)]:
                    shell.type(re.sub(r'\b(%s)\b' % '|'.join(PORTS), lambda port: ports[port.group()], block), to_do.pop(start))
            with urllib.request.urlopen(f'http://localhost:{ports["8004"]}/', timeout=PATIENCE) as page:
                assert b'Directory listing' in page.read()
        finally:
            shell.close()
    assert not to_do, to_do


def test_build():
    """These are what this build was made with, or do nothing a second time."""
    (build,) = [block for block in blocks('sh') if block.startswith('tools/')]
    *commands, last = build.splitlines()
    assert last.startswith('meson devenv -C build'), last
    ran = 0
    for command in commands:
        if BUILD != os.path.join(SOURCE, 'build'):
            command = command.replace('build', os.path.relpath(BUILD, SOURCE))
        subprocess.run(command, shell=True, cwd=SOURCE, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        ran += 1
    assert ran == 3


def test_nothing_is_left_out():
    """Each block is run: those of the shell here, the others as the programs that they are taken from."""
    for block in blocks('sh'):
        assert block.startswith((*EXPECTED, *ELSEWHERE, 'tools/')), block
    for language, ending in (('python', 'py'), ('js', 'js')):
        texts = [path.read_text(encoding='utf-8') for path in Path(SOURCE, 'examples').glob(f'*.{ending}')]
        assert blocks(language), language
        for block in blocks(language):
            assert any(block in text for text in texts), f'no example has this:\n{block}'
    languages = {line for line in Path(SOURCE, 'README.md').read_text(encoding='utf-8').split('\n') if line.startswith('```')}
    assert languages == {'```', '```sh', '```python', '```js'}, languages


if __name__ == '__main__':
    sys.exit(tap.run('/readme', tap.tests_in(globals())))
