#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every example is run; those of other languages than C by the bindings' suite: test-examples.py --bindings."""
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
BINDINGS = '--bindings' in sys.argv


def example(name):
    return os.path.join(EXAMPLES, name)


def said(program, pattern):
    """Waits for its first line of text, and takes that apart."""
    found = re.search(pattern, program.wait_for('text')['text'])
    assert found, program.tail()
    return found.groups()


def program(name, language='c'):
    """How one of the four that there are in every language is started."""
    return {'c': [example(name)],
            'python': [sys.executable, os.path.join(SOURCES, name + '.py')],
            'javascript': ['gjs', '-m', os.path.join(SOURCES, name + '.js')],
            'vala': [example(name + '-vala')]}[language]


def known_hosts(port, kind):
    """A file in which this machine has that key."""
    words = peers.public_key(kind).split()
    return peers.write(f'known-hosts-{port}-{kind}', f'[127.0.0.1]:{port} {words[0]} {words[1]}\n')


class Server(Program):
    """The server: alice has a key."""

    def __init__(self, language='c', authorized_keys=None):
        super().__init__([*program('server', language), '0', key('ecdsa-256'), authorized_keys or key('ed25519') + '.pub'])
        self.port, self.fingerprint = said(self, r'listening on port (\d+), host key (\S+)')

    def login(self, fingerprint=None):
        return ['127.0.0.1', self.port, 'alice', key('ed25519'), fingerprint or self.fingerprint]

    def known(self, user='alice', identity='ed25519', host='ecdsa-256'):
        return ['127.0.0.1', self.port, user, key(identity), known_hosts(self.port, host)]


def as_alice(port, *arguments, identity='ed25519'):
    return [word.replace('test@', 'alice@') for word in ssh(port, *arguments, identity=identity)]


def server(language):
    with Server(language) as server:
        assert run(as_alice(server.port, 'echo hello world')) == b'hello world\n'
        run(as_alice(server.port, 'rm -rf'), expect=255)
        run(as_alice(server.port, 'echo hello', identity='rsa'), expect=255)
        run(ssh(server.port, 'echo hello'), expect=255)
    failed = subprocess.run([*program('server', language), '0', '/nowhere', '/nowhere'], stderr=subprocess.PIPE, text=True,
                            check=False, timeout=peers.LIMIT)
    assert failed.returncode == 1 and failed.stderr.startswith('server: '), failed


def server_answers_later(language):
    """The file of keys is a pipe: who asks waits until somebody has written there, and others do not."""
    pipe = peers.scratch(f'authorized-keys-{language}')
    os.mkfifo(pipe)
    with open(key('ed25519') + '.pub', 'rb') as file:
        line = b'# alice, at her desk\n\n' + file.read()
    with Server(language, pipe) as server, Program([*as_alice(server.port, 'echo hello')]) as alice:
        for question in ('would it do?', 'it is mine'):
            with open(pipe, 'wb') as answer:        # opened when the server has, too
                os.unlink(pipe)
                os.mkfifo(pipe)                     # for the next question
                run(ssh(server.port, 'echo hello'), expect=255)
                assert not alice.of('text'), question
                answer.write(line)
        assert alice.wait_for('text')['text'] == 'hello\n'


def sshd_known(server):
    return ['127.0.0.1', str(server.port), getpass.getuser(), key('ed25519'), known_hosts(server.port, 'ed25519')]


def sshd_login(server):
    fingerprint = run(['ssh-keygen', '-l', '-f', key('ed25519') + '.pub']).decode().split()[1]
    return ['127.0.0.1', str(server.port), getpass.getuser(), key('ed25519'), fingerprint]


def refused(name, command, status):
    """Says so in one line, and has the status of something that did not work."""
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=peers.LIMIT)
    assert ended.returncode == status and not ended.stdout, ended
    assert re.fullmatch(rf'{name}: .+\n', ended.stderr), ended.stderr
    return ended.stderr


def client(language):
    client = program('client', language)
    with Server() as server:
        assert run([*client, *server.known(), 'echo hello']) == b'hello\n'
        refused('client', [*client, *server.known(host='ed25519'), 'echo hello'], 255)
        assert 'refused' in refused('client', [*client, *server.known(identity='rsa'), 'echo hello'], 255)
        refused('client', [*client, *server.known(), 'rm -rf'], 255)
    refused('client', [*client, '127.0.0.1', server.port, 'alice', key('ed25519'), os.devnull, 'echo hello'], 255)
    refused('client', [*client, '127.0.0.1', server.port, 'alice', key('ed25519'), '/nowhere', 'echo hello'], 255)
    with Sshd(host_keys=('ed25519',)) as server:
        ended = subprocess.run([*client, *sshd_known(server), 'echo here; echo there >&2; exit 3'], capture_output=True,
                               check=False, timeout=peers.LIMIT)
        assert (ended.returncode, ended.stdout, ended.stderr) == (3, b'here\n', b'there\n'), ended
        assert run([*client, *sshd_known(server), 'head -c 3000000 /dev/zero']) == bytes(3000000)


def forward(language, direction):
    forward = program('forward', language)
    with EchoTarget() as target:
        with Server() as server:
            where = [direction, '0', '127.0.0.1', str(target.port)]
            refused('forward', [*forward, *server.known(host='ed25519'), *where], 1)
            refused('forward', [*forward, *server.known(identity='rsa'), *where], 1)
            with Program([*forward, *server.known(), *where]) as client:
                port, = said(client, r'^forwarding port (\d+)$')
                for _ in range(2):
                    echo_through(int(port))
                server.stop()
                assert client.finish() == 1, client.tail()
        with Sshd('AllowTcpForwarding no', host_keys=('ed25519',)) as server:
            if direction == 'remote':
                refused('forward', [*forward, *sshd_known(server), *where], 1)
        with Sshd(host_keys=('ed25519',)) as server:
            with Program([*forward, *sshd_known(server), *where]) as client:
                port, = said(client, r'^forwarding port (\d+)$')
                echo_through(int(port))


def service(language):
    askpass = peers.write('askpass', '#!/bin/sh\necho "$DEVSSH_TEST_PASSWORD"\n', 0o700)

    # Also what is no text, a NUL among it.
    said_there = b'hello, world\n' * 100000 + bytes(range(256)) * 100

    def shout(port, subsystem, password='wonderland', expect=0):
        environment = {**os.environ, 'SSH_ASKPASS_REQUIRE': 'force', 'SSH_ASKPASS': askpass, 'DEVSSH_TEST_PASSWORD': password}
        return run(['ssh', '-o', 'BatchMode=no', '-o', 'PreferredAuthentications=password', '-o', 'NumberOfPasswordPrompts=1',
                    *peers.SSH_OPTIONS, '-p', port, '-s', 'alice@127.0.0.1', subsystem], expect=expect, env=environment,
                   text=said_there)

    with Program(program('service', language)) as server:
        port, = said(server, r'^listening on port (\d+)$')
        assert shout(port, 'shout') == said_there.upper()
        shout(port, 'whisper', expect=255)
        shout(port, 'shout', password='looking-glass', expect=255)
        assert shout(port, 'shout') == said_there.upper()


def all_four(language):
    prefix = '/examples' if language == 'c' else f'/examples/{language}'
    add(f'{prefix}/client', client, language)
    for direction in ('local', 'remote'):
        add(f'{prefix}/forward/{direction}', forward, language, direction)
    add(f'{prefix}/server', server, language)
    add(f'{prefix}/server/later', server_answers_later, language)
    add(f'{prefix}/service', service, language)


all_four('c')


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
        run([example('cuts'), *server.login(), '16', '1', os.devnull + '/cuts.svg'], expect=1)
    # OpenSSH does not have the extension: the first cut is the end.
    with Sshd(host_keys=('ed25519',)) as server:
        run([example('cuts'), *sshd_login(server), '16'], expect=1)


@case('/examples/demo')
def _():
    text = run([sys.executable, os.path.join(SOURCES, 'demo.py'), BUILD, '4', '1'], limit=120).decode()
    assert len(re.findall(r' same +[\d.]+$', text, re.M)) == 8 and 'DIFFERENT' not in text, text
    assert re.search(r'^16 MiB .*SHA-256 same$', text, re.M), text


if BINDINGS:
    peers._cases.clear()
    for language in ('python', 'javascript', 'vala'):
        all_four(language)

    @case('/examples/python/survive')
    def _():
        survive(sys.executable, os.path.join(SOURCES, 'survive.py'))

    sys.argv.remove('--bindings')

if __name__ == '__main__':
    peers.main()
