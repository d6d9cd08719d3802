#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""paramiko as a peer, with JSON lines.

   paramiko-peer.py server HOST-KEY PUBLIC-KEY PASSWORD
   paramiko-peer.py client PORT key|password KEY-OR-PASSWORD BYTES         keys are Ed25519
   paramiko-peer.py commands PORT KEY FOLDER         what a server runs: commands, a terminal, SFTP
   paramiko-peer.py doors PORT KEY                   what a server says yes to, of things that it should not know
"""
import json
import os
import socket
import sys
import threading
import warnings

warnings.simplefilter('ignore')
import paramiko  # noqa: E402

LIMIT = 60


def say(event, **fields):
    print(json.dumps({'event': event, **fields}), flush=True)


def in_thread(function, *args):
    thread = threading.Thread(target=function, args=args, daemon=True)
    thread.start()
    return thread


def pump(source, sink):
    """Until source has said all; a channel and a socket are alike here."""
    try:
        while data := source.recv(32768):
            sink.sendall(data)
        (sink.shutdown_write if isinstance(sink, paramiko.Channel) else lambda: sink.shutdown(socket.SHUT_WR))()
    except OSError:
        pass


def join(one, other):
    back = in_thread(pump, other, one)
    pump(one, other)
    back.join()
    one.close()
    other.close()


# ---- server ----

class Server(paramiko.ServerInterface):
    def __init__(self, transport, key, password):
        self.transport, self.key, self.password = transport, key, password
        self.listeners = {}
        self.targets = {}

    def get_allowed_auths(self, username):
        return 'password,publickey'

    def check_auth_password(self, username, password):
        return paramiko.AUTH_SUCCESSFUL if password == self.password else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username, key):
        return paramiko.AUTH_SUCCESSFUL if key.get_base64() == self.key else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED if kind == 'session' else paramiko.OPEN_FAILED_UNKNOWN_CHANNEL_TYPE

    def check_channel_exec_request(self, channel, command):
        in_thread(self.run, channel, command)
        return True

    @staticmethod
    def run(channel, command):
        # paramiko answers the request when its handler has returned: what is answered behind that comes after it.
        channel.get_transport().global_request('after-the-answer@example.org')
        word, _, rest = command.partition(b' ')
        if word == b'echo':
            channel.sendall(rest + b'\n')
        elif word == b'cat':
            pump(channel, channel)
        channel.send_exit_status(int(rest) if word == b'exit' else 0)
        channel.close()

    def check_channel_direct_tcpip_request(self, chanid, origin, destination):
        self.targets[chanid] = destination
        return paramiko.OPEN_SUCCEEDED

    def check_port_forward_request(self, address, port):
        listener = socket.create_server(('127.0.0.1', port))
        port = listener.getsockname()[1]
        self.listeners[port] = listener
        in_thread(self.listen, listener, address, port)
        return port

    def listen(self, listener, address, port):
        while True:
            try:
                connection, origin = listener.accept()
            except OSError:
                return
            channel = self.transport.open_forwarded_tcpip_channel(origin, (address, port))
            in_thread(join, connection, channel)

    def cancel_port_forward_request(self, address, port):
        listener = self.listeners.pop(port, None)
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)     # a thread waits in accept()
            listener.close()

    def serve(self):
        while self.transport.is_active():
            channel = self.transport.accept(1)
            if channel is not None and channel.get_id() in self.targets:
                in_thread(join, socket.create_connection(self.targets.pop(channel.get_id())), channel)


def server(host_key, public_key, password):
    with open(public_key, encoding='utf-8') as file:
        authorized = file.read().split()[1]
    listener = socket.create_server(('127.0.0.1', 0))
    say('listening', port=listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        transport = paramiko.Transport(connection)
        transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(host_key))
        one = Server(transport, authorized, password)
        try:
            transport.start_server(server=one)
        except (paramiko.SSHException, EOFError):
            continue
        in_thread(one.serve)


# ---- client ----

def check_echo(end, data):
    def send():
        end.sendall(data)
        (end.shutdown_write if isinstance(end, paramiko.Channel) else lambda: end.shutdown(socket.SHUT_WR))()
    sending = in_thread(send)
    end.settimeout(LIMIT)
    got = bytearray()
    while chunk := end.recv(65536):
        got += chunk
    sending.join(LIMIT)
    assert bytes(got) == data, f'{len(got)} of {len(data)} bytes came back, or others'


def client(port, how, secret, size):
    data = os.urandom(int(size))
    transport = paramiko.Transport(('127.0.0.1', int(port)))
    if how == 'key':
        transport.connect(username='test', pkey=paramiko.Ed25519Key.from_private_key_file(secret))
    else:
        transport.connect(username='test', password=secret)
    channel = transport.open_session(timeout=LIMIT)
    channel.exec_command('cat')
    check_echo(channel, data)
    channel = transport.open_session(timeout=LIMIT)
    channel.exec_command('exit 5')
    assert channel.recv_exit_status() == 5
    say('step', name='exec')

    target = socket.create_server(('127.0.0.1', 0))

    def echo():
        while True:
            connection, _ = target.accept()
            in_thread(pump, connection, connection)
    in_thread(echo)
    check_echo(transport.open_channel('direct-tcpip', target.getsockname(), ('127.0.0.1', 1), timeout=LIMIT), data)
    say('step', name='direct')

    forwarded = transport.request_port_forward('127.0.0.1', 0, lambda channel, *ends: in_thread(pump, channel, channel))
    check_echo(socket.create_connection(('127.0.0.1', forwarded)), data)
    transport.cancel_port_forward('127.0.0.1', forwarded)
    say('step', name='remote')
    transport.close()
    say('result', ok=True)


def read_until(channel, text):
    seen = ''
    while text not in seen:
        chunk = channel.recv(65536).decode()
        assert chunk, seen
        seen += chunk
    return seen


def commands(port, secret, folder):
    data = os.urandom(4 << 20)
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.MissingHostKeyPolicy())
    client.connect('127.0.0.1', int(port), 'test', pkey=paramiko.Ed25519Key.from_private_key_file(secret),
                   allow_agent=False, look_for_keys=False)
    stdin, stdout, stderr = client.exec_command('cat; printf err >&2; exit 9', timeout=LIMIT)
    stdin.write('in')
    stdin.channel.shutdown_write()
    assert (stdout.read(), stderr.read(), stdout.channel.recv_exit_status()) == (b'in', b'err', 9)
    channel = client.get_transport().open_session(timeout=LIMIT)
    channel.exec_command('cat')
    check_echo(channel, data)
    # paramiko knows no exit-signal.
    assert client.exec_command('kill -9 $$', timeout=LIMIT)[1].channel.recv_exit_status() == -1
    say('step', name='exec')

    shell = client.invoke_shell('vt100', 70, 20)
    shell.settimeout(LIMIT)
    shell.sendall(b'stty size; echo $TERM\n')
    assert '20 70' in read_until(shell, 'vt100')
    shell.resize_pty(100, 33)
    shell.sendall(b'stty size; exit 3\n')
    read_until(shell, '33 100')
    assert shell.recv_exit_status() == 3
    say('step', name='shell')

    sftp = client.open_sftp()
    there, back = os.path.join(folder, 'there'), os.path.join(folder, 'back')
    with sftp.open(there, 'wb') as file:
        file.set_pipelined(True)
        file.write(data)
    sftp.get(there, back)
    with open(back, 'rb') as file:
        assert file.read() == data
    assert 'there' in sftp.listdir(folder)
    client.close()
    say('result', ok=True)


def asks(function, *args):
    try:
        return function(*args)
    except paramiko.SSHException:
        return False


def doors(port, secret):
    transport = paramiko.Transport(('127.0.0.1', int(port)))
    transport.connect(username='test', pkey=paramiko.Ed25519Key.from_private_key_file(secret))
    for kind in 'auth-agent@openssh.com', 'x@example.org':
        say('door', name=f'channel {kind}', open=bool(asks(transport.open_channel, kind, None, None, None, None, LIMIT)))
    for kind in 'x@example.org', 'tcpip-forward@example.org':
        say('door', name=f'request {kind}', open=transport.global_request(kind, wait=True) is not None)
    channel = asks(transport.open_session, None, None, LIMIT)
    if channel:
        say('door', name='x11', open=asks(channel.request_x11, 0, 'MIT-MAGIC-COOKIE-1', '00') is not False)
    target = socket.create_server(('127.0.0.1', 0))
    channel = asks(transport.open_channel, 'direct-tcpip', target.getsockname(), ('127.0.0.1', 1), None, None, LIMIT)
    if channel:
        say('door', name='exec on direct-tcpip', open=asks(channel.exec_command, 'true') is not False)
    transport.close()
    say('result', ok=True)


{'server': server, 'client': client, 'commands': commands, 'doors': doors}[sys.argv[1]](*sys.argv[2:])
