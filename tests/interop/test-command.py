#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands that other people's clients run on our server, by the plugin: OpenSSH's ssh, scp and sftp, asyncssh, paramiko."""
import fcntl
import hashlib
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import peers
from peers import OurServer, Skip, case, key, run, run_client, scratch, script, ssh

SFTP_SERVER = '/usr/lib/openssh/sftp-server'
MEBIBYTE = 1 << 20


def server(*options):
    return OurServer('--authorized-key', key('ed25519') + '.pub', '--allow-exec', *options)


_shared = None


def shared():
    """One for those that need nothing of their own."""
    global _shared
    if _shared is None:
        subsystem = ['--subsystem', f'sftp={SFTP_SERVER}'] if os.path.exists(SFTP_SERVER) else []
        _shared = server('--allow-pty', '--allow-env', 'DEVSSH_ONE,DEVSSH_TWO', *subsystem)
    return _shared


def children(pid):
    """Of a process, those that wait to be reaped as well."""
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
        return file.read().split()


def wait_until(condition, what):
    end = time.monotonic() + peers.LIMIT
    while not condition():
        assert time.monotonic() < end, what
        peers.select_pause()


class Master:
    """One session for many commands: each of them is a channel."""

    def __init__(self, port):
        self.socket = scratch(f'master-{port}')
        self.process = subprocess.Popen(ssh(port, '-N', '-M', '-S', self.socket), stdin=subprocess.DEVNULL)
        peers._running.append(self.process)
        wait_until(lambda: os.path.exists(self.socket), 'no master')

    def command(self, *arguments):
        return ['ssh', '-F', '/dev/null', '-S', self.socket, 'test@127.0.0.1', *arguments]

    def __enter__(self):
        return self

    def __exit__(self, *args):
        # Not by a signal: ssh 9.2 may look for one just before it comes, and then waits for somebody to say something.
        subprocess.run(['ssh', '-F', '/dev/null', '-S', self.socket, '-O', 'exit', 'test@127.0.0.1'], stderr=subprocess.DEVNULL,
                       timeout=peers.LIMIT, check=False)
        self.process.wait(peers.LIMIT)


# ---- exec ----

@case('/command/ssh/exit-status')
def _():
    with server() as one, Master(one.port) as master:
        descriptors = None
        for status in range(256):
            run(master.command(f'exit {status}'), expect=status)
            if status == 10:
                descriptors = len(os.listdir(f'/proc/{one.process.pid}/fd'))
        wait_until(lambda: len(os.listdir(f'/proc/{one.process.pid}/fd')) == descriptors, 'descriptors are left')
        assert children(one.process.pid) == []


@case('/command/ssh/exit-status/late')
def _():
    """ssh has said EOF and heard it, closes the channel, and waits."""
    mark = scratch('late')
    command = ssh(shared().port, f'exec >&- 2>&-; cat >{mark}; while [ ! -e {mark}-end ]; do :; done; exit 9')
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    peers._running.append(process)
    process.stdin.write(b'said')
    process.stdin.close()
    wait_until(lambda: os.path.exists(mark) and os.path.getsize(mark) == 4, 'nothing arrived')
    with open(mark + '-end', 'w', encoding='ascii'):
        pass
    assert process.wait(peers.LIMIT) == 9


@case('/command/ssh/both-voices')
def _():
    done = subprocess.run(ssh(shared().port, 'printf out; printf err >&2; exit 3'), stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=peers.LIMIT, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (b'out', b'err', 3), done


@case('/command/ssh/signalled')
def _():
    run(ssh(shared().port, 'kill -TERM $$'), expect=255)


@case('/command/ssh/stdin')
def _():
    data = os.urandom(32 * MEBIBYTE)
    assert run(ssh(shared().port, 'cat'), text=data) == data
    digest = hashlib.sha256(data).hexdigest()
    assert run(ssh(shared().port, 'sha256sum'), text=data).decode().split()[0] == digest


@case('/command/ssh/rekey')
def _():
    data = os.urandom(16 * MEBIBYTE)
    assert run(ssh(shared().port, 'cat', options=['-o', 'RekeyLimit=1M']), text=data) == data


@case('/command/ssh/errors-in-bulk')
def _():
    done = subprocess.run(ssh(shared().port, 'head -c 8388608 /dev/zero >&2; echo out'), stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=peers.LIMIT, check=False)
    assert (done.stdout, len(done.stderr), done.returncode) == (b'out\n', 8 * MEBIBYTE, 0), len(done.stderr)


@case('/command/ssh/input-without-end')
def _():
    """It does not hold up a command that reads a part of it."""
    with open('/dev/zero', 'rb') as zeros:
        done = subprocess.run(ssh(shared().port, 'head -c 1000000 | wc -c'), stdin=zeros, capture_output=True,
                              timeout=peers.LIMIT, check=False)
    assert done.stdout == b'1000000\n' and done.returncode == 0, done


@case('/command/ssh/input-refused')
def _():
    """ssh is told that nobody reads."""
    mark = scratch('told')
    command = [word if word != 'LogLevel=ERROR' else 'LogLevel=DEBUG1'
               for word in ssh(shared().port, f'exec <&-; while [ ! -e {mark} ]; do :; done; echo done')]
    with open('/dev/zero', 'rb') as zeros:
        process = subprocess.Popen(command, stdin=zeros, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    peers._running.append(process)
    for line in process.stderr:
        if b'eow@openssh.com' in line:
            break
    else:
        assert False, 'it was not told'
    with open(mark, 'w', encoding='ascii'):
        pass
    assert process.communicate(timeout=peers.LIMIT)[0] == b'done\n'


@case('/command/ssh/shell-without-terminal')
def _():
    assert run(ssh(shared().port), text=b'echo $0\nexit 4\n', expect=4) == b'-sh\n'


@case('/command/ssh/many-at-once')
def _():
    with Master(shared().port) as master:
        running = [subprocess.Popen(master.command(f'cat; exit {n}'), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                   for n in range(30)]
        for n, process in enumerate(running):
            assert process.communicate(b'%d' % n, peers.LIMIT)[0] == b'%d' % n
            assert process.returncode == n


# ---- what does not run ----

@case('/command/ssh/nothing-by-default/T-88')
def _():
    with OurServer('--authorized-key', key('ed25519') + '.pub', '--no-forwarding') as one:
        mark = scratch('mark')
        run(ssh(one.port, f'touch {mark}'), expect=255)
        assert not os.path.exists(mark)


@case('/command/ssh/environment/T-88')
def _():
    names = ['DEVSSH_ONE', 'DEVSSH_TWO', 'DEVSSH_THREE', 'LD_PRELOAD_TEST', 'PATH', 'LC_ALL']
    env = {**os.environ, 'DEVSSH_ONE': 'first one', 'DEVSSH_TWO': 'ä=ö', 'DEVSSH_THREE': 'evil', 'LD_PRELOAD_TEST': 'evil',
           'LC_ALL': 'C.UTF-8', 'PATH': os.environ['PATH'] + ':/evil'}
    seen = run(ssh(shared().port, 'env', options=['-o', 'SendEnv=' + ' '.join(names)]), env=env).decode()
    assert 'DEVSSH_ONE=first one\n' in seen and 'DEVSSH_TWO=ä=ö\n' in seen, seen
    assert 'evil' not in seen and 'LC_ALL' not in seen, seen
    seen = run(ssh(shared().port, 'env', options=['-o', 'SetEnv=LD_PRELOAD=/evil.so'])).decode()
    assert 'evil' not in seen, seen


@case('/command/ssh/subsystem/T-88')
def _():
    for name in ('nosuch', '../../bin/sh', '/bin/sh', 'sftp/../sftp'):
        run(ssh(shared().port, name, options=['-s']), expect=255)


@case('/command/ssh/no-terminal')
def _():
    with server() as one:
        done = subprocess.run(ssh(one.port, 'tty', options=['-tt']), stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=peers.LIMIT, check=False)
        assert b'PTY allocation request failed' in done.stderr and done.stdout == b'', done


# ---- terminals ----

class Terminal:
    """A program in a terminal that we hold the other end of."""

    def __init__(self, command, rows=24, columns=80, **kwargs):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        modes = termios.tcgetattr(slave)
        modes[6][termios.VERASE] = b'\x08'
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **kwargs)
        peers._running.append(self.process)
        os.close(slave)
        self.seen = ''

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self):
        if not select.select([self.master], [], [], peers.LIMIT)[0]:
            raise AssertionError(f'nothing more than {self.seen!r}')
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b''
        self.seen += data.decode(errors='replace')
        return data

    def expect(self, text):
        while text not in self.seen:
            assert self.read(), f'no {text!r} in {self.seen!r}'
        before, _, self.seen = self.seen.partition(text)
        return before

    def finish(self):
        while self.read():
            pass
        return self.process.wait(peers.LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


@case('/command/ssh/terminal')
def _():
    env = {**os.environ, 'TERM': 'vt220'}
    command = ssh(shared().port, "tty; stty size; echo $TERM; stty -a; exit 5", options=['-t'])
    with Terminal(command, rows=33, columns=99, env=env) as terminal:
        assert '/dev/pts/' in terminal.expect('33 99')
        terminal.expect('vt220')
        # Modes of ours come with it.
        terminal.expect('erase = ^H;')
        assert terminal.finish() == 5


@case('/command/ssh/terminal/resized')
def _():
    command = ssh(shared().port, "trap 'stty size; exit 0' WINCH; stty size; echo ready; while :; do :; done", options=['-t'])
    with Terminal(command, rows=20, columns=70) as terminal:
        terminal.expect('20 70')
        terminal.expect('ready')
        terminal.resize(40, 132)
        terminal.expect('40 132')
        assert terminal.finish() == 0


@case('/command/ssh/terminal/forced')
def _():
    assert run(ssh(shared().port, 'tty', options=['-tt'])).startswith(b'/dev/pts/')


@case('/command/ssh/terminal/shell')
def _():
    with Terminal(ssh(shared().port)) as terminal:
        terminal.type('PS1="[pro""mpt]"\n')
        terminal.expect('[prompt]')
        terminal.type('echo answer $((6 * 7))\n')
        terminal.expect('answer 42')
        terminal.expect('[prompt]')
        terminal.type('(echo sleeping; exec sleep 1000)\n')
        terminal.expect('\nsleeping')
        terminal.type('\x03')
        terminal.expect('[prompt]')
        terminal.type('cat\n')
        terminal.type('a line\n')
        terminal.expect('a line')
        terminal.expect('a line')
        terminal.type('\x04')
        terminal.expect('[prompt]')
        terminal.type('exit 6\n')
        assert terminal.finish() == 6


@case('/command/ssh/terminal/bulk')
def _():
    with Terminal(ssh(shared().port, 'stty raw; head -c 2000000 /dev/zero | tr "\\0" x; echo end', options=['-t'])) as terminal:
        assert terminal.expect('end').count('x') == 2000000
        assert terminal.finish() == 0


# ---- hung up ----

@case('/command/ssh/hung-up')
def _():
    """The client dies, and what it ran with it."""
    with server('--hangup-grace', '1') as one:
        running = []
        for command in ('exec sleep 1000', 'trap "" HUP; while :; do sleep 1000; done'):
            process = subprocess.Popen(ssh(one.port, f'echo $$; {command}'), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            peers._running.append(process)
            running.append((process, process.stdout.readline().decode().strip()))
        assert sorted(children(one.process.pid)) == sorted(pid for _, pid in running)
        for process, _ in running:
            process.send_signal(signal.SIGKILL)
            process.wait()
        wait_until(lambda: children(one.process.pid) == [], 'somebody is left')


# ---- files ----

def sftp_options(port):
    if not os.path.exists(SFTP_SERVER):
        raise Skip('no sftp-server')
    return [*peers.SSH_OPTIONS, '-i', key('ed25519'), '-P', str(port)]


def random_file(name, size):
    path = scratch(name)
    with open(path, 'wb') as file:
        file.write(os.urandom(size))
    return path


def same(one, other):
    digests = []
    for path in (one, other):
        with open(path, 'rb') as file:
            digests.append(hashlib.sha256(file.read()).hexdigest())
    assert digests[0] == digests[1], (one, other)


def copies_there_and_back(*options):
    where = sftp_options(shared().port)
    name = 'scp' + ''.join(options)
    original = random_file(name, 48 * MEBIBYTE)
    run(['scp', '-q', *options, *where, original, f'test@127.0.0.1:{original}-there'])
    same(original, original + '-there')
    run(['scp', '-q', *options, *where, f'test@127.0.0.1:{original}-there', original + '-back'])
    same(original, original + '-back')


@case('/command/scp')
def _():
    copies_there_and_back()


@case('/command/scp/of-old')
def _():
    copies_there_and_back('-O')


@case('/command/sftp')
def _():
    where = sftp_options(shared().port)
    folder = scratch('sftp')
    os.makedirs(folder)
    original = random_file('sftp-original', 48 * MEBIBYTE)
    batch = peers.write('batch', f'put {original} {folder}/a\nmkdir {folder}/sub\nrename {folder}/a {folder}/sub/b\n'
                                 f'get {folder}/sub/b {folder}/back\nls {folder}\nrm {folder}/sub/b\nrmdir {folder}/sub\n')
    assert b'back' in run(['sftp', '-q', *where, '-b', batch, 'test@127.0.0.1'])
    same(original, folder + '/back')
    assert os.listdir(folder) == ['back']


# ---- other clients ----

def python_client(name, module):
    if not os.path.exists(SFTP_SERVER):
        raise Skip('no sftp-server')
    folder = scratch(f'{module}-files')
    os.makedirs(folder)
    client = run_client([*script(name, module), 'commands', str(shared().port), key('ed25519'), folder])
    assert client.of('result')[0]['ok'], client.tail()


@case('/command/asyncssh')
def _():
    python_client('asyncssh-peer.py', 'asyncssh')


@case('/command/paramiko')
def _():
    python_client('paramiko-peer.py', 'paramiko')


@case('/command/dbclient')
def _():
    program = shutil.which('dbclient')
    convert = shutil.which('dropbearconvert')
    if program is None or convert is None:
        raise Skip('no dbclient')
    identity = scratch('dropbear-key')
    run([convert, 'openssh', 'dropbear', key('ed25519'), identity])
    command = [program, '-y', '-y', '-i', identity, '-p', str(shared().port), 'test@127.0.0.1']
    env = {**os.environ, 'HOME': scratch('')}
    data = os.urandom(4 * MEBIBYTE)
    assert peers.run_dbclient([*command, 'cat'], data, env) == data
    run([*command, 'exit 17'], expect=17, env=env)


# ---- nothing is left ----

@case('/command/nothing-left/T-67')
def _():
    wait_until(lambda: children(shared().process.pid) == [], 'somebody is left')
    # What it had when nobody was there: standard streams, its loop, its sockets; no pipe and no terminal.
    left = [os.readlink(f'/proc/{shared().process.pid}/fd/{fd}') for fd in os.listdir(f'/proc/{shared().process.pid}/fd')
            if int(fd) > 2]
    assert not [path for path in left if path.startswith(('pipe:', '/dev/pts', '/dev/ptmx'))], left


if __name__ == '__main__':
    peers.main()
