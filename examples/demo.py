#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fetches a file from a web server through forwarded ports, by every pairing of OpenSSH and the examples here; then four times
as much through a port of ours while the connection beneath is cut 20 times.

   demo.py BUILD-FOLDER [MIB [SEED]]

Prints a row for each way, when the server opened the forwarding plugin, and what a cut costs. The exit code is 0 if every copy
was right. Everything listens on loopback; nothing is left behind but a picture, examples/cuts.svg in the build folder.
"""
import getpass
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

BUILD = os.path.abspath(sys.argv[1])
SIZE = int(sys.argv[2] if len(sys.argv) > 2 else 64) << 20
SEED = sys.argv[3] if len(sys.argv) > 3 else str(int.from_bytes(os.urandom(4), 'big'))
PLUGINS = os.path.join(BUILD, 'plugins', 'port-forwarding')
PATIENCE = 60       # seconds that anything may take to get ready
LIMIT = 600         # seconds that the cuts may take; without a byte for 60 they fail by themselves
ssh_options = ['-F', '/dev/null', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'BatchMode=yes',
               '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none', '-o', 'ExitOnForwardFailure=yes', '-o', 'LogLevel=ERROR']


class Program:
    """One that runs until the block ends, and says on its output when it is ready."""

    def __init__(self, *command, **kwargs):
        environment = {**os.environ, 'DEVSSH_PLUGIN_PATH': PLUGINS, 'PYTHONUNBUFFERED': '1'}
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        env=environment, **kwargs)

    def wait_for(self, word):
        """The rest of the first line with that word in it."""
        alarm = threading.Timer(PATIENCE, self.process.kill)
        alarm.start()
        try:
            for line in self.process.stdout:
                if word in line:
                    return line.partition(word)[2].split()
        finally:
            alarm.cancel()
        sys.exit(f'{self.process.args[0]} ended without "{word}"')

    def has_plugin(self):
        with open(f'/proc/{self.process.pid}/maps', encoding='utf-8') as maps:
            return 'libdevssh-port-forwarding' in maps.read()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.process.terminate()
        self.process.communicate()


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_for_port(port, program):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and program.process.poll() is None:
        with socket.socket() as s:
            if s.connect_ex(('127.0.0.1', port)) == 0:
                return
        threading.Event().wait(0.02)
    sys.exit(f'{program.process.args[0]} does not listen on port {port}')


class Demo:
    def __init__(self, folder):
        self.folder = folder
        self.failed = False
        self.notes = []
        self.key = self.path('alice')
        for name in ('alice', 'host', 'sshd'):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', self.path(name)], check=True)
        self.hash = hashlib.sha256()
        os.mkdir(self.path('web'))
        with open(self.path('web/file'), 'wb') as file:
            for _ in range(SIZE >> 20):
                block = os.urandom(1 << 20)
                self.hash.update(block)
                file.write(block)

    def path(self, name):
        return os.path.join(self.folder, name)

    def known_hosts(self, key, port):
        """A file in which that port of this machine has that key."""
        path = self.path(f'known-hosts-{port}')
        with open(self.path(key + '.pub'), encoding='utf-8') as public, open(path, 'w', encoding='utf-8') as file:
            file.write(f'[127.0.0.1]:{port} {public.read()}')
        return path

    # ---- what listens ----

    def web_server(self):
        program = Program(sys.executable, '-m', 'http.server', '--bind', '127.0.0.1', '--directory', self.path('web'), '0',
                          stderr=subprocess.DEVNULL)
        self.web_port = program.wait_for(' port ')[0]
        return program

    def our_server(self):
        program = Program(os.path.join(BUILD, 'examples', 'server'), '0', self.path('host'), self.key + '.pub')
        words = program.wait_for('listening on port ')
        program.login = (words[0].rstrip(','), 'alice', self.known_hosts('host', words[0].rstrip(',')))
        program.fingerprint = words[-1]
        return program

    def sshd(self):
        port = free_port()
        with open(self.path('sshd_config'), 'w', encoding='utf-8') as config:
            config.write(f'Port {port}\nListenAddress 127.0.0.1\nHostKey {self.path("sshd")}\nPidFile none\nUsePAM no\n'
                         f'StrictModes no\nAuthorizedKeysFile {self.key}.pub\nPasswordAuthentication no\n'
                         'PermitRootLogin yes\nLogLevel QUIET\n')
        program = Program(shutil.which('sshd', path=os.environ['PATH'] + ':/usr/sbin') or 'sshd', '-D', '-e', '-f',
                          self.path('sshd_config'))
        wait_for_port(port, program)
        program.login = (str(port), getpass.getuser(), self.known_hosts('sshd', port))
        return program

    # ---- what connects: the port where the web server is to be found, and the program ----

    def ssh(self, server, option):
        port, user, _ = server.login
        listen = free_port()
        program = Program('ssh', *ssh_options, '-i', self.key, '-p', port, '-N', option,
                          f'127.0.0.1:{listen}:127.0.0.1:{self.web_port}', f'{user}@127.0.0.1')
        wait_for_port(listen, program)
        return listen, program

    def our_client(self, server, direction):
        port, user, known_hosts = server.login
        program = Program(os.path.join(BUILD, 'examples', 'forward'), '127.0.0.1', port, user, self.key, known_hosts, direction,
                          '0', '127.0.0.1', self.web_port)
        return int(program.wait_for('forwarding port ')[0]), program

    # ---- what is shown ----

    def fetch(self, way, port):
        got = hashlib.sha256()
        start = time.monotonic()
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/file', timeout=PATIENCE) as answer:
                while block := answer.read(1 << 18):
                    got.update(block)
            speed = f'{SIZE / 1e6 / (time.monotonic() - start):8.1f}'
            same = got.digest() == self.hash.digest()
        except OSError as error:
            speed, same = f'  {error}', False
        self.failed = self.failed or not same
        print(f'{way:58} {"same" if same else "DIFFERENT":9} {speed}', flush=True)

    def through(self, way, server, connect, argument):
        port, program = connect(server, argument)
        with program:
            self.fetch(way, port)

    def watch(self, server, moment):
        loaded = server.has_plugin()
        self.notes.append(f'  {moment:58} {"loaded" if loaded else "not loaded"}')
        return loaded

    def run_with_ssh(self, option, way, activation):
        """A server of its own for each, so that it can be seen what opens the plugin."""
        with self.our_server() as server:
            port, user, _ = server.login
            before = self.watch(server, 'server started')
            said = subprocess.run(['ssh', *ssh_options, '-i', self.key, '-p', port, f'{user}@127.0.0.1', 'echo hello'],
                                  stdout=subprocess.PIPE, check=False, timeout=PATIENCE).stdout
            before = self.watch(server, 'a client logged in and ran a command') or before
            self.through(way, server, self.ssh, option)
            after = self.watch(server, activation)
            if said != b'hello\n' or before or not after:
                self.failed = True

    def cut(self):
        """One download, one session, many connections: examples/cuts.c compares and measures."""
        with self.our_server() as server:
            port, user, _ = server.login
            result = subprocess.run([os.path.join(BUILD, 'examples', 'cuts'), '127.0.0.1', port, user, self.key,
                                     server.fingerprint, str(4 * SIZE >> 20), SEED, os.path.join(BUILD, 'examples', 'cuts.svg')],
                                    env={**os.environ, 'DEVSSH_PLUGIN_PATH': PLUGINS}, check=False, timeout=LIMIT)
        self.failed = self.failed or result.returncode != 0

    def run(self):
        print(f'{SIZE >> 20} MiB fetched from a web server, all on this machine:\n')
        print(f'{"way":58} {"SHA-256":9} {"MB/s":>8}')
        with self.web_server():
            self.fetch('straight from the web server', self.web_port)
            self.run_with_ssh('-L', 'ssh -L                 -> our server', 'after its channel "direct-tcpip" came')
            self.run_with_ssh('-R', 'ssh -R                 -> our server', 'after its request "tcpip-forward" came')
            with self.sshd() as sshd, self.our_server() as ours:
                for name, server in (('sshd', sshd), ('our server', ours)):
                    for direction in ('local', 'remote'):
                        self.through(f'our client, {direction:6}     -> {name}', server, self.our_client, direction)
                self.through('ssh -L                 -> sshd, for comparison', sshd, self.ssh, '-L')
        print('\nThe plugin port-forwarding in our server (/proc/PID/maps):\n')
        print('\n'.join(self.notes))
        print('\nOur client, our server, and a proxy between them that cuts their connection:\n', flush=True)
        self.cut()
        print('\nfailed: see above' if self.failed else '\nall the same')
        return 1 if self.failed else 0


def main():
    signal.signal(signal.SIGTERM, lambda *args: sys.exit(1))
    # sshd started by root insists on this folder, which its service would make.
    made = os.geteuid() == 0 and not os.path.isdir('/run/sshd')
    if made:
        os.mkdir('/run/sshd', 0o755)
    try:
        with tempfile.TemporaryDirectory(prefix='devssh-demo-') as folder:
            return Demo(folder).run()
    finally:
        if made:
            os.rmdir('/run/sshd')


if __name__ == '__main__':
    sys.exit(main())
