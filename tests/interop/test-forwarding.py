#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ports and Unix sockets forwarded with other programs at the other end: OpenSSH, the original library (npm), asyncssh."""
import http.client
import http.server
import os
import re
import socket
import stat
import tempfile
import threading
import time

import peers
from peers import (LIMIT, EchoTarget, NodeServer, OurServer, Program, Sshd, Target, add, case, key, node_client, our_client,
                   script, ssh)

peers.install_node_peers()

OURS = os.environ.get('DEVSSH_EXAMPLES')


def our_server(*options):
    return OurServer('--authorized-key', key('ed25519') + '.pub', '--allow-forwarding', *options)


def folder():
    """A new one with a short path: that of a Unix socket has 107 bytes."""
    return tempfile.mkdtemp(dir=peers.scratch(''))


class Forward(Program):
    """A program that forwards until it is stopped."""

    def __init__(self, command):
        super().__init__(command, start_new_session=True)

    def until(self, condition, limit=LIMIT):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if condition():
                return
            assert self.process.poll() is None, f'{self.command} ended; {self.tail()}'
            peers.select_pause()
        raise AssertionError(f'{self.command}: waited in vain; {self.tail()}')

    def said(self, pattern):
        """What a line of its standard error or output matches."""
        found = []

        def look():
            self.errors.seek(0)
            text = self.errors.read().decode(errors='replace')
            text += '\n'.join(e.get('text', '') for e in self.of('text'))
            found[:] = re.findall(pattern, text)
            return found
        self.until(look)
        return found[0]


def forwards(server, *arguments, options=()):
    command = ssh(server.port, '-N', *arguments, options=['-o', 'ExitOnForwardFailure=yes', *options])
    command[1:1] = ['-o', 'LogLevel=INFO']          # of two, the first counts
    return Forward(command)


def dial(where):
    """A port, or a path."""
    if isinstance(where, str):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(LIMIT)
        made.connect(where)
        return made
    # sshd listens on one of both families where the other one is taken, and says nothing.
    return socket.create_connection(('localhost', where), LIMIT)


def listens(where):
    try:
        dial(where).close()
    except OSError:
        return False
    return True


def read_all(connection):
    got = bytearray()
    while chunk := connection.recv(65536):
        got += chunk
    return bytes(got)


def echoes(where, size=1 << 18):
    data = os.urandom(size)
    with dial(where) as connection:
        connection.settimeout(LIMIT)

        def send():
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        got = read_all(connection)
        sender.join(LIMIT)
    assert got == data, f'{len(got)} of {size} bytes came back, or others'


class HalfClosing(Target):
    """Says all it has to say to whoever connects, ends that, and then keeps what it hears."""

    def __init__(self, words):
        self.words = words
        self.heard = []
        self.changed = threading.Condition()
        super().__init__()

    def serve(self, connection):
        connection.sendall(self.words)
        connection.shutdown(socket.SHUT_WR)
        heard = read_all(connection)
        with self.changed:
            self.heard.append(heard)
            self.changed.notify_all()


def half_closes(port, target):
    """The far end first: what it ends is heard as an end, and the other way still carries."""
    words = os.urandom(100000)
    with dial(port) as connection:
        connection.settimeout(LIMIT)
        assert read_all(connection) == target.words
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        with target.changed:
            assert target.changed.wait_for(lambda: words in target.heard, LIMIT), [len(h) for h in target.heard]


# ---- OpenSSH's client ----

def ssh_forward(make):
    """make: from a folder and an echoing port and path there, to what ssh is told and where to connect."""
    where = folder()
    with our_server() as server, EchoTarget() as target, EchoTarget(path=os.path.join(where, 'target')) as path_target:
        arguments, listening = make(where, target.port, path_target.path)
        with forwards(server, *arguments) as client:
            client.until(lambda: listens(listening))
            if isinstance(listening, str) and arguments[0] == '-R':
                assert stat.S_IMODE(os.lstat(listening).st_mode) == 0o600, oct(os.lstat(listening).st_mode)
            for _ in range(3):
                echoes(listening)
        if isinstance(listening, str) and arguments[0] == '-R':
            server.wait_for('session-closed')
            assert not os.path.lexists(listening), 'the file is left behind'


def with_port(make):
    def made(where, port, path):
        listening = peers.free_port()
        return make(listening, port, path), listening
    return made


def with_path(make):
    def made(where, port, path):
        listening = os.path.join(where, 'listening')
        return make(listening, port, path), listening
    return made


for flag in ('-L', '-R'):
    side = {'-L': 'local', '-R': 'remote'}[flag]
    add(f'/forwarding/ssh/{side}/port-to-port', ssh_forward,
        with_port(lambda l, port, path, f=flag: [f, f'127.0.0.1:{l}:127.0.0.1:{port}']))
    add(f'/forwarding/ssh/{side}/port-to-path', ssh_forward,
        with_port(lambda l, port, path, f=flag: [f, f'127.0.0.1:{l}:{path}']))
    add(f'/forwarding/ssh/{side}/path-to-port', ssh_forward,
        with_path(lambda l, port, path, f=flag: [f, f'{l}:127.0.0.1:{port}']))
    add(f'/forwarding/ssh/{side}/path-to-path', ssh_forward, with_path(lambda l, port, path, f=flag: [f, f'{l}:{path}']))


@case('/forwarding/ssh/remote/port-0')
def _():
    with our_server() as server, EchoTarget() as target:
        with forwards(server, '-R', f'0:127.0.0.1:{target.port}') as client:
            echoes(int(client.said(r'Allocated port (\d+) for remote forward')))


@case('/forwarding/ssh/remote/several')
def _():
    # Three in one session, one of them for a name that OpenSSH sends empty.
    ports = [peers.free_port() for _ in range(3)]
    with our_server() as server, EchoTarget() as target:
        arguments = []
        for host, port in zip(('', 'localhost:', '127.0.0.1:'), ports):
            arguments += ['-R', f'{host}{port}:127.0.0.1:{target.port}']
        with forwards(server, *arguments) as client:
            for port in ports:
                client.until(lambda: listens(port))
                echoes(port)


def refused(server_options, *arguments):
    with OurServer('--authorized-key', key('ed25519') + '.pub', *server_options) as server:
        with forwards(server, *arguments) as client:
            assert client.finish() == 255, client.tail()


@case('/forwarding/ssh/refused/T-84')
def _():
    where = folder()
    refused([], '-R', f'0:127.0.0.1:{peers.free_port()}')
    refused([], '-R', f'{where}/socket:127.0.0.1:1')
    refused(['--allow-forwarding', '--deny-forwarding'], '-R', f'{where}/socket:127.0.0.1:1')
    assert os.listdir(where) == []


@case('/forwarding/ssh/existing-file/T-87')
def _():
    where = folder()
    path = os.path.join(where, 'precious')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('precious')
    os.symlink('elsewhere', os.path.join(where, 'link'))
    refused(['--allow-forwarding'], '-R', f'{path}:127.0.0.1:1')
    refused(['--allow-forwarding'], '-R', f'{where}/link:127.0.0.1:1')
    assert sorted(os.listdir(where)) == ['link', 'precious'] and open(path, encoding='utf-8').read() == 'precious'


@case('/forwarding/ssh/stdio')
def _():
    data = os.urandom(1 << 20)
    with our_server() as server, EchoTarget() as target:
        command = ssh(server.port)
        command[1:1] = ['-W', f'127.0.0.1:{target.port}']
        assert peers.run(command, text=data) == data


@case('/forwarding/ssh/cancelled')
def _():
    # By the control socket of a running ssh: the port is free at once, and can be had again at once.
    where = folder()
    control = os.path.join(where, 'control')
    port = peers.free_port()
    path = os.path.join(where, 'socket')
    with our_server() as server, EchoTarget() as target:
        with forwards(server, options=['-o', 'ControlMaster=yes', '-o', f'ControlPath={control}']) as client:
            client.until(lambda: os.path.exists(control))
            for listening, what in ((port, f'{port}:127.0.0.1:{target.port}'), (path, f'{path}:127.0.0.1:{target.port}')):
                for _ in range(2):
                    peers.run(ssh(server.port, options=['-o', f'ControlPath={control}', '-O', 'forward', '-R', what]))
                    echoes(listening)
                    peers.run(ssh(server.port, options=['-o', f'ControlPath={control}', '-O', 'cancel', '-R', what]))
                    client.until(lambda: not listens(listening))
            assert not os.path.lexists(path)


def half_close(direction):
    port = peers.free_port()
    with our_server() as server, HalfClosing(os.urandom(100000)) as target:
        with forwards(server, direction, f'127.0.0.1:{port}:127.0.0.1:{target.port}') as client:
            client.until(lambda: listens(port))
            for _ in range(3):
                half_closes(port, target)


add('/forwarding/ssh/local/half-close/T-86', half_close, '-L')
add('/forwarding/ssh/remote/half-close/T-86', half_close, '-R')

# ---- OpenSSH's server ----


@case('/forwarding/sshd/ports')
def _():
    with Sshd() as server:
        our_client(server.port, '--user', user(), '--key', key('ed25519'), '--do', 'parallel-forward')


@case('/forwarding/sshd/sockets')
def _():
    where = folder()
    with Sshd() as server:
        our_client(server.port, '--user', user(), '--key', key('ed25519'), '--do', f'socket-forward={where}')


def user():
    import pwd
    return pwd.getpwuid(os.geteuid()).pw_name


@case('/forwarding/sshd/refused')
def _():
    with Sshd('DisableForwarding yes') as server:
        for step in ('remote-forward', 'local-forward', 'stream-forward', f'socket-forward={folder()}'):
            client = our_client(server.port, '--user', user(), '--key', key('ed25519'), '--do', step, expect=1)
            assert client.of('error'), client.events


def our_forward(server, login, direction, target):
    """The example that forwards, and the port where it listens."""
    if OURS is None:
        raise peers.Skip('no examples')
    words = peers.public_key('ed25519').split()
    known_hosts = peers.write('known_hosts', f'[127.0.0.1]:{server.port} {words[0]} {words[1]}\n')
    forward = Forward([os.path.join(OURS, 'forward'), '127.0.0.1', str(server.port), login, key('ed25519'), known_hosts,
                       direction, '0', '127.0.0.1', str(target.port)])
    return forward, int(forward.said(r'forwarding port (\d+)'))


def sshd_half_close(direction):
    with Sshd(host_keys=('ed25519',)) as server, HalfClosing(os.urandom(100000)) as target:
        forward, port = our_forward(server, user(), direction, target)
        with forward:
            for _ in range(3):
                half_closes(port, target)


add('/forwarding/sshd/local/half-close/T-86', sshd_half_close, 'local')
add('/forwarding/sshd/remote/half-close/T-86', sshd_half_close, 'remote')

# ---- the original library ----

SERVERS = {'ours': OurServer, 'node': NodeServer}
CLIENTS = {'ours': our_client, 'node': node_client}
PASSWORD = ['--password', 'secret']


def dts(client, server, step, *options):
    allowed = ['--allow-forwarding'] if server == 'ours' else []
    with SERVERS[server](*PASSWORD, *allowed, *options) as s:
        CLIENTS[client](s.port, *PASSWORD, '--do', step)


def dts_denied(client, server):
    with SERVERS[server](*PASSWORD, '--deny-forwarding') as s:
        for step in ('remote-forward', 'stream-forward'):
            program = CLIENTS[client](s.port, *PASSWORD, '--do', step, expect=1)
            assert program.of('error'), program.events


for c in CLIENTS:
    for s in SERVERS:
        if (c, s) == ('node', 'node'):
            continue
        add(f'/forwarding/dts/{c}-to-{s}/parallel', dts, c, s, 'parallel-forward')
        add(f'/forwarding/dts/{c}-to-{s}/connected', dts, c, s, 'connected-forward', '--connect-forwarded')
        add(f'/forwarding/dts/{c}-to-{s}/again', dts, c, s, 'cancel-forward,remote-forward,cancel-forward,parallel-forward')
        add(f'/forwarding/dts/{c}-to-{s}/denied/T-84', dts_denied, c, s)

# ---- asyncssh ----

@case('/forwarding/asyncssh/client')
def _():
    with our_server() as server:
        client = peers.run_client([*script('asyncssh-peer.py', 'asyncssh'), 'sockets', str(server.port), key('ed25519'), folder()])
        assert [s['name'] for s in client.of('step')] == ['direct', 'remote', 'stream'], client.events


@case('/forwarding/asyncssh/server')
def _():
    with Program([*script('asyncssh-peer.py', 'asyncssh'), 'server', key('ed25519'), key('ed25519') + '.pub', 'secret',
                  '1000000000']) as server:
        port = server.wait_for('listening')['port']
        # It calls a port that it chose by the number 0 later, so it is not left the choice.
        our_client(port, *PASSWORD, '--forward-port', str(peers.free_port()),
                   '--do', f'socket-forward={folder()},local-forward,stream-forward')

# ---- many, and much ----


class Http:
    """A server that answers with what the path names, and says how many asked."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                body = self.path.encode() * 1000
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256
        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()


def fetches(port, n=200):
    """All at once; each twice on its connection."""
    faults = []
    ready = threading.Barrier(n)

    def fetch(number):
        try:
            connection = http.client.HTTPConnection('127.0.0.1', port, timeout=LIMIT)
            ready.wait(LIMIT)
            for again in range(2):
                connection.request('GET', f'/{number}/{again}')
                body = connection.getresponse().read()
                assert body == f'/{number}/{again}'.encode() * 1000, f'{len(body)} bytes'
            connection.close()
        except Exception as fault:                          # told by the test that waits
            faults.append(f'{number}: {fault!r}')
    threads = [threading.Thread(target=fetch, args=(number,), daemon=True) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert not faults, faults[:5]


def descriptors(process):
    return len(os.listdir(f'/proc/{process.pid}/fd'))


def resident(process):
    with open(f'/proc/{process.pid}/status', encoding='utf-8') as file:
        return int(re.search(r'VmRSS:\s+(\d+) kB', file.read())[1])


def sanitized(process):
    with open(f'/proc/{process.pid}/maps', encoding='utf-8') as file:
        return 'libasan' in file.read()


def settles(condition, limit=LIMIT):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        peers.select_pause()


def http_through(make):
    """200 fetches at once through one forward; what they needed is given back."""
    with Http() as target, make(target) as (ours, port):
        fetches(port, 20)
        settles(lambda: listens(port))
        before = descriptors(ours)
        fetches(port)
        settles(lambda: descriptors(ours) <= before)


class Joined:
    """Programs that end together, with the one of ours that is looked at, and the port."""

    def __init__(self, programs, ours, port):
        self.programs, self.ours, self.port = programs, ours, port

    def __enter__(self):
        return self.ours, self.port

    def __exit__(self, *args):
        for program in self.programs:
            program.stop()


def ssh_to_ours(direction):
    def make(target):
        port = peers.free_port()
        server = our_server()
        client = forwards(server, direction, f'127.0.0.1:{port}:127.0.0.1:{target.port}')
        client.until(lambda: listens(port))
        return Joined([client, server], server.process, port)
    return make


def ours_to_sshd(direction):
    def make(target):
        server = Sshd(host_keys=('ed25519',))
        client, port = our_forward(server, user(), direction, target)
        return Joined([client, server], client.process, port)
    return make


def ours_to_ours(direction):
    def make(target):
        server = our_server('--host-key', key('ed25519'))
        client, port = our_forward(server, 'test', direction, target)
        return Joined([client, server], server.process, port)
    return make


for flag in ('-L', '-R'):
    add(f'/forwarding/http/ssh-to-ours/{flag[1]}', http_through, ssh_to_ours(flag))
for direction in ('local', 'remote'):
    add(f'/forwarding/http/ours-to-sshd/{direction}', http_through, ours_to_sshd(direction))
    add(f'/forwarding/http/ours-to-ours/{direction}', http_through, ours_to_ours(direction))

MUCH = 512 << 20


class Pouring(Target):
    """Sends MUCH to whoever connects."""

    @staticmethod
    def serve(connection):
        block = bytes(1 << 20)
        for _ in range(MUCH // len(block)):
            connection.sendall(block)


def much_through(make):
    """A reader that stands still now and then: all of it arrives, and our memory does not grow with what waits."""
    with Pouring() as target, make(target) as (ours, port):
        with dial(port) as warm:
            warm.settimeout(LIMIT)
            left = 64 << 20
            while left > 0:
                left -= len(warm.recv(1 << 20))
        before = most = resident(ours)
        got = 0
        next_pause = 0
        with dial(port) as connection:
            connection.settimeout(LIMIT)
            while chunk := connection.recv(1 << 20):
                got += len(chunk)
                if got >= next_pause:
                    # Nobody reads while this is looked at, until it has come to rest.
                    last = -1
                    while last != (last := resident(ours)):
                        threading.Event().wait(0.1)
                    most = max(most, last)
                    next_pause += MUCH // 8
        assert got == MUCH, got
        # A sanitizer keeps what was freed, so sizes say nothing under it.
        if not sanitized(ours):
            assert most < before + (40 << 10), f'{before} KiB before, {most} at most'


add('/forwarding/much/ssh-to-ours/T-86', much_through, ssh_to_ours('-L'))
add('/forwarding/much/ours-to-sshd/T-86', much_through, ours_to_sshd('local'))

if __name__ == '__main__':
    peers.main()
