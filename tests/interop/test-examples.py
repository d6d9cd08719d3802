#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every example is run; those in Python by the bindings' suite: test-examples.py --bindings."""
import getpass
import os
import re
import sys

import peers
from peers import EchoTarget, Program, Skip, Sshd, add, case, echo_through, key, run, ssh

EXAMPLES = os.environ['DEVSSH_EXAMPLES']
SOURCES = os.path.join(os.path.dirname(os.path.dirname(peers.HERE)), 'examples')
BUILD = os.path.dirname(EXAMPLES)
PYTHON = '--bindings' in sys.argv


def example(name):
    return os.path.join(EXAMPLES, name)


def said(program, pattern):
    """Waits for its first line of text, and takes that apart."""
    found = re.search(pattern, program.wait_for('text')['text'])
    assert found, program.tail()
    return found.groups()


class Server(Program):
    """examples/server: alice has a password and a key."""

    def __init__(self):
        super().__init__([example('server'), '0', key('ed25519') + '.pub'])
        self.port, self.fingerprint = said(self, r'listening on port (\d+), host key (\S+)')

    def login(self, fingerprint=None):
        return ['127.0.0.1', self.port, 'alice', key('ed25519'), fingerprint or self.fingerprint]


def as_alice(port, *arguments, identity='ed25519'):
    return [word.replace('test@', 'alice@') for word in ssh(port, *arguments, identity=identity)]


@case('/examples/server')
def _():
    with Server() as server:
        assert run(as_alice(server.port, 'echo hello world')) == b'hello world\n'
        run(as_alice(server.port, 'rm -rf'), expect=255)
        run(as_alice(server.port, 'echo hello', identity='rsa'), expect=255)
        run(ssh(server.port, 'echo hello'), expect=255)
        assert b'hello' in run(['ssh', '-o', 'BatchMode=no', '-o', 'PreferredAuthentications=password', *peers.SSH_OPTIONS,
                                '-p', server.port, 'alice@127.0.0.1', 'echo hello'],
                               env={**os.environ, 'SSH_ASKPASS_REQUIRE': 'force', 'DISPLAY': ':0',
                                    'SSH_ASKPASS': peers.write('askpass', '#!/bin/sh\necho wonderland\n', 0o700)})


def client_of(*command):
    with Server() as server:
        assert run([*command, *server.login(), 'echo hello']) == b'hello\n'
        run([*command, *server.login('SHA256:somebody-else'), 'echo hello'], expect=None if PYTHON else 255)
    with Sshd(host_keys=('ed25519',)) as server:
        fingerprint = run(['ssh-keygen', '-l', '-f', key('ed25519') + '.pub']).decode().split()[1]
        assert run([*command, '127.0.0.1', str(server.port), getpass.getuser(), key('ed25519'), fingerprint,
                    'echo here; exit 3'], expect=3) == b'here\n'


@case('/examples/client')
def _():
    client_of(example('client'))


def forward(direction):
    with Server() as server, EchoTarget() as target:
        with Program([example('forward'), *server.login(), direction, '0', '127.0.0.1', str(target.port)]) as client:
            port, = said(client, r'forwarding port (\d+)')
            for _ in range(2):
                echo_through(int(port))


for direction in ('local', 'remote'):
    add(f'/examples/forward/{direction}', forward, direction)


@case('/examples/demo')
def _():
    text = run([sys.executable, os.path.join(SOURCES, 'demo.py'), BUILD, '4'], limit=120).decode()
    assert len(re.findall(r' same +[\d.]+$', text, re.M)) == 8 and 'DIFFERENT' not in text, text


if PYTHON:
    peers._cases.clear()

    @case('/examples/python/client')
    def _():
        client_of(sys.executable, os.path.join(SOURCES, 'client.py'))

    @case('/examples/python/echo-service')
    def _():
        import gi
        gi.require_version('DevSsh', '1')
        from gi.repository import DevSsh, GLib

        async def talk(port):
            client = DevSsh.Client.new(None)
            session = await client.connect_to_host_async('127.0.0.1', int(port))
            session.connect('authenticating', lambda session, server: server.accept(None) or True)
            alice = DevSsh.ClientCredentials.new('alice')
            alice.set_password('wonderland')
            assert await session.authenticate_async(alice)
            channel = await session.open_channel_async('echo@example.org')
            got = []
            channel.connect('data', lambda channel, data: got.append(data.get_data()))
            await channel.send_async(GLib.Bytes.new(b'said in Python'))
            channel.send_eof()
            while b''.join(got) != b'said in Python':
                GLib.MainContext.default().iteration(True)
            client.close()

        with Program([sys.executable, os.path.join(SOURCES, 'echo-service.py')]) as service:
            port, = said(service, r'listening on port (\d+)')
            DevSsh.run(talk(port))

    @case('/examples/python/readme')
    def _():
        with open(os.path.join(os.path.dirname(SOURCES), 'README.md'), encoding='utf-8') as readme, \
                open(os.path.join(SOURCES, 'client.py'), encoding='utf-8') as source:
            snippets = re.findall(r'```python\n(.*?)```', readme.read(), re.S)
            code = source.read()
        if not snippets:
            raise Skip('the README shows no Python')
        assert any(snippet.strip() in code for snippet in snippets), 'the README shows another client.py'

    sys.argv.remove('--bindings')

if __name__ == '__main__':
    peers.main()
