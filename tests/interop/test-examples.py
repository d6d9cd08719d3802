#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every example is run; those in Python by the bindings' suite: test-examples.py --bindings."""
import getpass
import os
import re
import socket
import subprocess
import sys

import peers
from peers import EchoTarget, Program, Skip, Sshd, add, case, echo_through, key, run, ssh
from proxy import Proxy

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


def sshd_login(server):
    fingerprint = run(['ssh-keygen', '-l', '-f', key('ed25519') + '.pub']).decode().split()[1]
    return ['127.0.0.1', str(server.port), getpass.getuser(), key('ed25519'), fingerprint]


def client_of(*command):
    with Server() as server:
        assert run([*command, *server.login(), 'echo hello']) == b'hello\n'
        run([*command, *server.login('SHA256:somebody-else'), 'echo hello'], expect=None if PYTHON else 255)
    with Sshd(host_keys=('ed25519',)) as server:
        assert run([*command, *sshd_login(server), 'echo here; exit 3'], expect=3) == b'here\n'


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


@case('/examples/websocket')
def _():
    websocket = example('websocket')
    if not os.path.exists(websocket):
        raise Skip('no libsoup 3')
    with Program([websocket, '0', key('ecdsa-384') + '.pub']) as server:
        url, fingerprint = said(server, r'listening on (\S+), host key (\S+)')
        start = [websocket, url, 'alice']
        assert run([*start, key('ecdsa-384'), fingerprint, 'hello']) == b'hello\n'
        for identity, host in (('ecdsa-384', 'SHA256:somebody-else'), ('ed25519', fingerprint)):
            assert run([*start, key(identity), host, 'hello'], expect=1) == b''
        # A server that has seen those lets the next one in.
        assert run([*start, key('ecdsa-384'), fingerprint, 'and again']) == b'and again\n'
        # And what browsers run: the original library, over its own stream of a WebSocket.
        node = ['node', '--experimental-websocket', os.path.join(peers.NODE_DIR, 'dts-streams.mjs')]
        if subprocess.run([*node[:2], '-e', 'new WebSocket'], stderr=subprocess.PIPE, check=False).stderr.find(b'TypeError') < 0:
            raise Skip('ours among themselves work; this node has no WebSocket')
        done = peers.run_client([*node, 'secure', '--url', url, '--key', peers.sec1_key('ecdsa-384'), '--bytes', '3000000'])
        assert done.of('echoed') and done.of('closed')[0]['reason'] == 'none', done.events


def survive(*command):
    with Server() as server, EchoTarget() as target, Proxy(int(server.port)) as proxy:
        def start(fingerprint=None):
            login = server.login(fingerprint)
            return [*command, login[0], str(proxy.port), *login[2:], '0', '127.0.0.1', str(target.port)]

        run(start('SHA256:somebody-else'), expect=1)
        with Program(start()) as client:
            port, = said(client, r'forwarding port (\d+)')
            with socket.create_connection(('127.0.0.1', int(port)), peers.LIMIT) as kept:
                kept.settimeout(peers.LIMIT)
                for count in range(1, 4):
                    proxy.allow(300000 * count)
                    echo_through(int(port))
                    client.wait_for('text', count=1 + 2 * count)
                    assert proxy.cuts == count, client.tail()
                    kept.sendall(b'still here')
                    assert kept.recv(10, socket.MSG_WAITALL) == b'still here', client.tail()
            texts = [event['text'] for event in client.of('text')]
            assert texts[2::2] == ['connected again\n'] * 3, texts


@case('/examples/survive')
def _():
    survive(example('survive'))


@case('/examples/cuts')
def _():
    picture = peers.scratch('cuts.svg')
    with Server() as server:
        text = run([example('cuts'), *server.login(), '16', '1', picture]).decode()
        assert re.search(r'^16 MiB in .* cut 20 times, .*\(seed 1\); SHA-256 same$', text, re.M), text
        with open(picture, encoding='utf-8') as file:
            assert '16 MiB, cut 20 times' in file.read()
        run([example('cuts'), *server.login(), '16', '1', '/nowhere/cuts.svg'], expect=1)
    # OpenSSH does not have the extension: the first cut is the end.
    with Sshd(host_keys=('ed25519',)) as server:
        run([example('cuts'), *sshd_login(server), '16'], expect=1)


@case('/examples/demo')
def _():
    text = run([sys.executable, os.path.join(SOURCES, 'demo.py'), BUILD, '4', '1'], limit=120).decode()
    assert len(re.findall(r' same +[\d.]+$', text, re.M)) == 8 and 'DIFFERENT' not in text, text
    assert re.search(r'^16 MiB .*SHA-256 same$', text, re.M), text


if PYTHON:
    peers._cases.clear()

    @case('/examples/python/client')
    def _():
        client_of(sys.executable, os.path.join(SOURCES, 'client.py'))

    @case('/examples/python/survive')
    def _():
        survive(sys.executable, os.path.join(SOURCES, 'survive.py'))

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
