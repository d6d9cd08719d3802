# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the interop tests share: TAP, temporary files, and the programs on either side, started and stopped."""
import atexit
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SERVER = os.environ.get('DEVSSH_PEER_SERVER', 'devssh-peer-server')
CLIENT = os.environ.get('DEVSSH_PEER_CLIENT', 'devssh-peer-client')
HERE = os.path.dirname(os.path.abspath(__file__))
# The Node peers and their packages.
NODE_DIR = os.environ.get('DEVSSH_NODE_PEERS', HERE)
KEYS = os.path.join(os.path.dirname(HERE), 'data', 'keys')
LIMIT = 60          # seconds that one program may take

_scratch = tempfile.mkdtemp(prefix='devssh-interop-')
_running = []


def _clean():
    for process in _running:
        if process.poll() is None:
            process.kill()
            process.wait()
    shutil.rmtree(_scratch, ignore_errors=True)


atexit.register(_clean)
signal.signal(signal.SIGTERM, lambda *args: sys.exit(1))

# ---- TAP ----

_cases = []


def case(name):
    """Registers a function as a test of that name."""
    def register(function):
        _cases.append((name, function))
        return function
    return register


def add(name, function, *args, **kwargs):
    _cases.append((name, lambda: function(*args, **kwargs)))


class Skip(Exception):
    pass


def main():
    wanted = sys.argv[1:]
    cases = [c for c in _cases if not wanted or any(w in c[0] for w in wanted)]
    print(f'1..{len(cases)}', flush=True)
    failed = 0
    for number, (name, function) in enumerate(cases, 1):
        try:
            function()
            print(f'ok {number} {name}', flush=True)
        except Skip as why:
            print(f'ok {number} {name} # SKIP {why}', flush=True)
        except Exception:                                   # a test that cannot go on has failed
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f'# {line}')
            print(f'not ok {number} {name}', flush=True)
    sys.exit(1 if failed else 0)


# ---- files and keys ----

def scratch(name):
    return os.path.join(_scratch, name)


def write(name, text, mode=0o600):
    path = scratch(name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, mode)
    return path


_keys = {}


def key(kind):
    """A fresh key pair of ssh-keygen's: ed25519, rsa, ecdsa-256, ecdsa-384, ecdsa-521. The path of its private half."""
    if kind not in _keys:
        path = scratch('key-' + kind)
        family, _, bits = kind.partition('-')
        command = ['ssh-keygen', '-q', '-N', '', '-t', family, '-f', path]
        if family == 'rsa':
            command += ['-b', '2048']
        elif bits:
            command += ['-b', bits]
        subprocess.run(command, check=True, timeout=LIMIT)
        _keys[kind] = path
    return _keys[kind]


def sec1_key(kind):
    """The same key as PEM of the older kinds, for programs that read nothing else."""
    path = key(kind) + '-pem'
    if not os.path.exists(path):
        shutil.copy(key(kind), path)
        os.chmod(path, 0o600)
        subprocess.run(['ssh-keygen', '-q', '-p', '-N', '', '-m', 'PEM', '-f', path], check=True,
                       stdout=subprocess.DEVNULL, timeout=LIMIT)
    return path


def public_key(kind):
    with open(key(kind) + '.pub', encoding='utf-8') as file:
        return file.read()


def install_node_peers():
    """For whoever runs one test by hand; tests/run has done it before."""
    if not os.path.isdir(os.path.join(NODE_DIR, 'node_modules')):
        subprocess.run([os.path.join(HERE, '../../tools/install-npm'), NODE_DIR], check=False, stdout=subprocess.DEVNULL)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


# ---- programs ----

class Program:
    """A program that prints one JSON object a line."""

    def __init__(self, command, **kwargs):
        self.command = command
        self.events = []
        self.changed = threading.Condition()
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
                                        **kwargs)
        _running.append(self.process)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                try:
                    self.events.append(json.loads(line))
                except ValueError:
                    self.events.append({'event': 'text', 'text': line.decode(errors='replace')})
                self.changed.notify_all()
        with self.changed:
            self.events.append({'event': 'end'})
            self.changed.notify_all()

    def wait_for(self, name, limit=LIMIT, count=1):
        """The first event of that name, or the one that makes them count."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.of(name)) >= count or self.of('end'), limit):
                raise AssertionError(f'{self.command[0]}: no {name} within {limit} s; {self.tail()}')
            if len(self.of(name)) >= count:
                return self.of(name)[count - 1]
        raise AssertionError(f'{self.command}: ended without {name}; {self.tail()}')

    def finish(self, limit=LIMIT):
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f'{self.command} did not end; {self.tail()}') from None
        self.reader.join(limit)
        return self.process.returncode

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self):
        self.errors.seek(0)
        text = self.errors.read().decode(errors='replace')
        return f'last events: {self.events[-4:]}; stderr: {text[-800:]}'

    def complaints(self):
        """All of standard error so far."""
        return os.pread(self.errors.fileno(), 1 << 24, 0).decode(errors='replace')

    def of(self, name):
        return [e for e in self.events if e['event'] == name]

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.stop()


class OurServer(Program):
    def __init__(self, *options):
        super().__init__([SERVER, '--lifetime', '300', *options])
        event = self.wait_for('listening')
        self.port = event['port']
        self.host_keys = event['hostKeys']


class NodeServer(Program):
    def __init__(self, *options):
        super().__init__(['node', os.path.join(NODE_DIR, 'dts-server.mjs'), '--lifetime', '300', *options])
        event = self.wait_for('listening')
        self.port = event['port']
        self.host_keys = event['hostKeys']


def run_client(command, expect=0):
    """Runs a client of JSON lines to its end; its events."""
    with Program(command) as program:
        code = program.finish()
        if expect is not None and code != expect:
            raise AssertionError(f'{command}: exit code {code}, not {expect}; {program.tail()}')
        return program


def our_client(port, *options, expect=0):
    return run_client([CLIENT, '--port', str(port), *options], expect)


def node_client(port, *options, expect=0):
    return run_client(['node', os.path.join(NODE_DIR, 'dts-client.mjs'), '--port', str(port), *options], expect)


def run(command, expect=0, text=None, limit=LIMIT, env=None):
    """Runs a program to its end; its standard output as bytes."""
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, env=env,
                          stdin=None if text is not None else subprocess.DEVNULL)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f'{command}: exit code {done.returncode}, not {expect}: '
                             f'{done.stdout[-400:]!r} {done.stderr[-1200:].decode(errors="replace")}')
    return done.stdout


def run_dbclient(command, data, env):
    """Its output, which goes into a file: where that is a pipe, and full as the channel is closed, it closes its side too, and then
    waits for ever."""
    with tempfile.TemporaryFile() as output:
        subprocess.run(command, input=data, stdout=output, env=env, check=True, timeout=LIMIT)
        output.seek(0)
        return output.read()


SSH_OPTIONS = ['-F', '/dev/null', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
               '-o', 'GlobalKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-o', 'IdentitiesOnly=yes',
               '-o', 'IdentityAgent=none', '-o', 'BatchMode=yes']


def ssh(port, *arguments, identity='ed25519', options=()):
    return ['ssh', *SSH_OPTIONS, *options, '-i', key(identity), '-p', str(port), 'test@127.0.0.1', *arguments]


class Sshd(Program):
    """The system's sshd on a port of its own, with keys and configuration of ours; who runs this may log in."""

    def __init__(self, *lines, host_keys=('ed25519', 'rsa', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521'), user_keys=('ed25519',),
                 passwords=None):
        self.port = free_port()
        sshd = shutil.which('sshd', path=os.environ['PATH'] + ':/usr/sbin')
        if sshd is None:
            raise Skip('no sshd')
        if os.geteuid() == 0:
            os.makedirs('/run/sshd', exist_ok=True)
        number = len(_running)
        authorized = write(f'authorized-{number}', ''.join(public_key(kind) for kind in user_keys))
        # The first line of a keyword counts: those of the caller, then what is usual here.
        config = [f'Port {self.port}', 'ListenAddress 127.0.0.1', *lines]
        environment = None
        if passwords is not None:
            environment = {**os.environ, **pam_environment(f'pam-{number}', passwords)}
            config += ['UsePAM yes', 'PasswordAuthentication yes', 'KbdInteractiveAuthentication yes']
        config += ['UsePAM no', 'StrictModes no', 'PidFile none',
                   'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin yes',
                   f'AuthorizedKeysFile {authorized}', 'MaxStartups 100:30:200', 'MaxSessions 100', 'LogLevel ERROR',
                   'Subsystem sftp internal-sftp', 'AllowTcpForwarding yes']
        config += [f'HostKey {key(kind)}' for kind in host_keys]
        path = write(f'sshd-config-{number}', '\n'.join(config) + '\n')
        super().__init__([sshd, '-D', '-e', '-f', path], env=environment)
        wait_for_port(self.port, self)


def pam_environment(name, passwords):
    """Variables under which sshd's PAM asks a file of ours and not the system (cwrap's pam_wrapper)."""
    module = next(iter(glob.glob('/usr/lib*/pam_wrapper/pam_matrix.so') +
                       glob.glob('/usr/lib*/*/pam_wrapper/pam_matrix.so')), None)
    if module is None:
        raise Skip('no pam_wrapper')
    folder = scratch(name)
    os.mkdir(folder)
    database = write(name + '-passwords', ''.join(f'{user}:{word}:sshd\n' for user, word in passwords.items()))
    rules = ''.join(f'{kind} required {module} passdb={database}\n' for kind in ('auth', 'account', 'password', 'session'))
    for service in ('sshd', 'other'):
        write(f'{name}/{service}', rules)
    return {'LD_PRELOAD': 'libpam_wrapper.so', 'PAM_WRAPPER': '1', 'PAM_WRAPPER_SERVICE_DIR': folder}


def wait_for_port(port, program=None, limit=LIMIT):
    """Until somebody listens there."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if program is not None and program.process.poll() is not None:
            raise AssertionError(f'{program.command} ended; {program.tail()}')
        with socket.socket() as s:
            if s.connect_ex(('127.0.0.1', port)) == 0:
                return
        select_pause()
    raise AssertionError(f'nobody listens on {port}')


def select_pause():
    threading.Event().wait(0.02)


_pythons = {}


def python_with(module):
    """A python3 that has the module: the first on the PATH may be somebody's own, without the system's modules."""
    if module not in _pythons:
        _pythons[module] = next((python for python in (sys.executable, '/usr/bin/python3')
                                 if os.path.exists(python) and subprocess.run(
                                     [python, '-W', 'ignore', '-c', f'import {module}'], stderr=subprocess.DEVNULL,
                                     check=False).returncode == 0), None)
    if _pythons[module] is None:
        raise Skip(f'no Python has {module}')
    return _pythons[module]


def script(name, module):
    return [python_with(module), os.path.join(HERE, name)]


class Target:
    """A server on a TCP port (or path) of this machine; serve() is called with each connection, in a thread of its own."""

    def __init__(self, host='127.0.0.1', path=None):
        if path is None:
            self.socket = socket.create_server((host, 0), backlog=256)
            self.port = self.socket.getsockname()[1]
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(path)
            self.socket.listen(256)
        self.path = path
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        # Its thread has to be gone before a descriptor of the same number is another target's.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(LIMIT)
        self.socket.close()
        if self.path is not None:
            os.unlink(self.path)


class EchoTarget(Target):
    """Sends back what it gets, until the other end has said all."""

    @staticmethod
    def serve(connection):
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def connect_path(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def echo_through(place, size=1 << 20, host='127.0.0.1'):
    """Sends size random bytes to a port or path behind which an EchoTarget stands, and checks what comes back."""
    data = os.urandom(size)
    with connect_path(place) if isinstance(place, str) else socket.create_connection((host, place), LIMIT) as connection:
        connection.settimeout(LIMIT)

        def send():
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        got = bytearray()
        while chunk := connection.recv(65536):
            got += chunk
        sender.join(LIMIT)
    assert bytes(got) == data, f'{len(got)} of {size} bytes came back, or others'
