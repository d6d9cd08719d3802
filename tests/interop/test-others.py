#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other people's programs at the other end: dropbear, asyncssh, paramiko, ssh2 of npm, and libssh."""
import os
import shutil
import subprocess

import peers
from peers import (EchoTarget, OurServer, Program, Skip, add, case, echo_through, free_port, key, our_client, public_key, run,
                   run_client, scratch, script, sec1_key, wait_for_port)

SIZE = str(4 << 20)
REKEY = str(1 << 20)
FORWARDS = 'local-forward,remote-forward,stream-forward,cancel-forward'
# A port that is named: asyncssh calls one that it picked itself 0 when somebody connects, and dropbear when it is cancelled.
NAMED_FORWARDS = 'local-forward,remote-forward,stream-forward'
WHERE = os.environ['PATH'] + ':/usr/sbin:/sbin'

peers.install_node_peers()


def program(name):
    path = shutil.which(name, path=WHERE)
    if path is None:
        raise Skip(f'no {name}')
    return path


def ours(*options):
    return OurServer('--host-key', key('ed25519'), '--host-key', key('rsa'), '--authorized-key', key('ed25519') + '.pub',
                     '--password', 'wonderland', '--allow-forwarding', *options)


class Peer(Program):
    def __init__(self, command):
        super().__init__(command)
        self.port = self.wait_for('listening')['port']


def login(how):
    return ['--key', key('ed25519')] if how == 'key' else ['--password', 'wonderland']


def finished(client):
    assert client.of('result')[0]['ok'], client.tail()


def our_client_does(port, how, steps, *options):
    our_client(port, '--user', 'test', *login(how), '--bytes', SIZE, '--do', steps, *options)


# ---- asyncssh, paramiko ----

def python_client(name, module, how, *extra):
    with ours() as server:
        finished(run_client([*script(name, module), 'client', str(server.port), how,
                             key('ed25519') if how == 'key' else 'wonderland', *extra, SIZE]))


def python_server(name, module, how, *extra):
    with Peer([*script(name, module), 'server', key('ed25519'), key('ed25519') + '.pub', 'wonderland', *extra]) as server:
        forwards = [NAMED_FORWARDS, '--forward-port', str(free_port())] if module == 'asyncssh' else [FORWARDS]
        our_client_does(server.port, how, 'exec,status,' + forwards[0], *forwards[1:])


def rekeying():
    """Both ask for new keys whenever they like."""
    with Peer([*script('asyncssh-peer.py', 'asyncssh'), 'server', key('ed25519'), key('ed25519') + '.pub', 'wonderland',
               REKEY]) as server:
        client = our_client(server.port, '--user', 'test', *login('key'), '--bytes', str(16 << 20), '--do', 'exec')
        assert client.of('result')[0]['newKeysSent'] > 4, client.tail()
    with ours('--rekey', REKEY) as server:
        finished(run_client([*script('asyncssh-peer.py', 'asyncssh'), 'client', str(server.port), 'key', key('ed25519'),
                             str(3 << 20), SIZE]))


for how in ('key', 'password'):
    add(f'/others/asyncssh/client/{how}', python_client, 'asyncssh-peer.py', 'asyncssh', how, str(1 << 30))
    add(f'/others/asyncssh/server/{how}', python_server, 'asyncssh-peer.py', 'asyncssh', how, str(1 << 30))
    add(f'/others/paramiko/client/{how}', python_client, 'paramiko-peer.py', 'paramiko', how)
    add(f'/others/paramiko/server/{how}', python_server, 'paramiko-peer.py', 'paramiko', how)
add('/others/asyncssh/rekey', rekeying)


# ---- dropbear ----

def dropbear_key():
    path = scratch('dropbear-key')
    if not os.path.exists(path):
        run([program('dropbearconvert'), 'openssh', 'dropbear', key('ed25519'), path])
    return path


def dbclient(port, *arguments, how='key'):
    identity = ['-i', dropbear_key()] if how == 'key' else []
    return [program('dbclient'), '-y', '-y', *identity, '-p', str(port), *arguments]


def dbclient_runs(how, *options):
    with ours(*options) as server:
        data = os.urandom(4 << 20)
        env = {**os.environ, 'DROPBEAR_PASSWORD': 'wonderland'}
        assert peers.run_dbclient(dbclient(server.port, 'test@127.0.0.1', 'cat', how=how), data, env) == data
        run(dbclient(server.port, 'test@127.0.0.1', 'exit 5', how=how), env=env, expect=5)


add('/others/dbclient/key', dbclient_runs, 'key')
add('/others/dbclient/password', dbclient_runs, 'password')
# It always sends the first packet of curve25519 unasked: right above, wrong here.
add('/others/dbclient/wrong-guess/T-24', dbclient_runs, 'key', '--kex', 'ecdh-sha2-nistp384,diffie-hellman-group14-sha256')
add('/others/dbclient/aes256-ctr', dbclient_runs, 'key', '--enc', 'aes256-ctr', '--mac', 'hmac-sha2-256')


@case('/others/dbclient/forward')
def _():
    with ours() as server, EchoTarget() as target:
        local, remote = free_port(), free_port()
        command = dbclient(server.port, '-N', '-L', f'127.0.0.1:{local}:127.0.0.1:{target.port}',
                           '-R', f'127.0.0.1:{remote}:127.0.0.1:{target.port}', 'test@127.0.0.1')
        with Program(command) as client:
            for port in (local, remote):
                wait_for_port(port, client)
                echo_through(port, 4 << 20)


@case('/others/dropbear')
def _():
    # It reads keys from the home of who logs in only: ours is put there, for itself alone.
    dropbear = program('dropbear')
    if os.geteuid() != 0:
        raise Skip('only root can give dropbear another home')
    home = scratch('dropbear-home')
    os.makedirs(os.path.join(home, '.ssh'), mode=0o700, exist_ok=True)
    peers.write('dropbear-home/.ssh/authorized_keys', public_key('ed25519'))
    port = free_port()
    command = (f'mount --bind "$1" "$(getent passwd root | cut -d: -f6)" && '
               f'exec "$2" -F -E -r "$3" -p 127.0.0.1:{port} -P "$1/pid"')
    unshare = ['unshare', '-m', 'sh', '-c', command, 'sh', home, dropbear, dropbear_key()]
    if subprocess.run(['unshare', '-m', 'true'], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skip('no mount namespace may be made here')
    with Program(unshare) as server:
        wait_for_port(port, server)
        our_client(port, '--user', 'root', *login('key'), '--bytes', SIZE, '--forward-port', str(free_port()),
                   '--do', f'exec,status,{NAMED_FORWARDS}')
        our_client(port, '--user', 'root', '--key', key('rsa'), '--expect-auth-failure')


# ---- ssh2 of npm ----

def ssh2(*arguments):
    if not os.path.isdir(os.path.join(peers.NODE_DIR, 'node_modules', 'ssh2')):
        raise Skip('the packages of npm are not installed')
    return [program('node'), os.path.join(peers.NODE_DIR, 'ssh2-peer.mjs'), *arguments]


def ssh2_client(how):
    with ours() as server:
        finished(run_client(ssh2('client', str(server.port), *login(how), '--bytes', SIZE)))


def ssh2_server(how):
    with Peer(ssh2('server', '0', key('ed25519'), sec1_key('rsa'))) as server:
        our_client_does(server.port, how, f'exec,status,{FORWARDS}')


for how in ('key', 'password'):
    add(f'/others/ssh2/client/{how}', ssh2_client, how)
    add(f'/others/ssh2/server/{how}', ssh2_server, how)


# ---- libssh ----

def libssh_client(how, *options):
    peer = os.environ.get('DEVSSH_LIBSSH_PEER')
    if not peer:
        raise Skip('built without libssh')
    with ours(*options) as server, EchoTarget() as target:
        finished(run_client([peer, str(server.port), how, key('ed25519') if how == 'key' else 'wonderland', str(target.port),
                             SIZE]))


add('/others/libssh/key', libssh_client, 'key')
add('/others/libssh/password', libssh_client, 'password')
add('/others/libssh/aes256-ctr', libssh_client, 'key', '--enc', 'aes256-ctr', '--mac', 'hmac-sha2-512-etm@openssh.com')
add('/others/libssh/rekey', libssh_client, 'key', '--rekey', REKEY)

if __name__ == '__main__':
    peers.main()
