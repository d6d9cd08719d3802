#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two sessions joined by ours, with other people's programs at both ends: neither notices the middle (protocol.md 7.3)."""
import hashlib
import os

import peers
from peers import NodeServer, OurServer, Program, Sshd, add, case, key, node_client, our_client, run, scratch, ssh, write

PIPE = os.environ.get('DEVSSH_PEER_PIPE', 'devssh-peer-pipe')
SERVERS = {'ours': OurServer, 'node': NodeServer}
CLIENTS = {'ours': our_client, 'node': node_client}
# What needs nothing of either end but SSH, forwarding through the middle included.
STEPS = ['echo', 'exec', 'shell', 'status', 'signal', 'stderr', 'sink', 'source', 'requests', 'session-requests', 'refused-channel',
         'channels', 'command=echo hello']
FORWARD_STEPS = ['remote-forward', 'local-forward', 'stream-forward', 'cancel-forward']


class Pipe(Program):
    def __init__(self, target_port, *options):
        super().__init__([PIPE, '--target-port', str(target_port), *options])
        self.port = self.wait_for('listening')['port']


def steps(client, server, names):
    options = ['--password', 'secret'] + (['--allow-forwarding'] if server == 'ours' and 'forward' in names[0] else [])
    with SERVERS[server](*options) as s, Pipe(s.port, '--target-password', 'secret') as middle:
        CLIENTS[client](middle.port, '--password', 'anything', '--do', ','.join(names))
        # The reason of the end goes through as well.
        assert middle.wait_for('piped')['reason'] == 'byApplication', middle.events


for _client in CLIENTS:
    for _server in SERVERS:
        add(f'/pipe/{_client}-to-{_server}/steps/E-67', steps, _client, _server, STEPS)
        # Forwarding between two Node peers times out without anything in between, too, at some steps; these do not.
        add(f'/pipe/{_client}-to-{_server}/forwarding', steps, _client, _server, FORWARD_STEPS)


def user_options(port):
    return [port, '--target-key', key('ed25519'), '--target-user', os.environ.get('USER') or 'root']


@case('/pipe/openssh/command')
def command():
    with Sshd() as server, Pipe(*user_options(server.port)) as middle:
        assert run(ssh(middle.port, 'echo out; echo err >&2; cat; exit 3'), expect=3, text=b'in') == b'out\nin'


@case('/pipe/openssh/bulk')
def bulk():
    data = os.urandom(16 << 20)
    with Sshd() as server, Pipe(*user_options(server.port)) as middle:
        assert run(ssh(middle.port, 'cat'), text=data) == data


@case('/pipe/openssh/terminal')
def terminal():
    with Sshd() as server, Pipe(*user_options(server.port)) as middle:
        assert b'a terminal' in run(ssh(middle.port, '-tt', 'test -t 0 && echo a terminal'))


@case('/pipe/openssh/sftp')
def sftp():
    original, back = scratch('pipe-original'), scratch('pipe-back')
    data = os.urandom(8 << 20)
    with open(original, 'wb') as file:
        file.write(data)
    with Sshd() as server, Pipe(*user_options(server.port)) as middle:
        batch = write('pipe-batch', f'put {original} {scratch("pipe-there")}\nget {scratch("pipe-there")} {back}\n')
        run(['sftp', '-q', *peers.SSH_OPTIONS, '-i', key('ed25519'), '-P', str(middle.port), '-b', batch, 'test@127.0.0.1'])
    with open(back, 'rb') as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()


@case('/pipe/openssh/refused')
def refused():
    """The middle lets nobody in whom the other server does not let in."""
    with Sshd(user_keys=('rsa',)) as server, Pipe(*user_options(server.port)) as middle:
        run(ssh(middle.port, 'true'), expect=255)


if __name__ == '__main__':
    peers.main()
