#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program devssh: each of its commands, against OpenSSH where that has the other end."""
import base64
import hashlib
import json
import os
import pwd
import random
import signal
import socket
import stat
import subprocess
import xml.etree.ElementTree as ElementTree

import peers
from peers import EchoTarget, Program, Skip, Sshd, case, echo_through, free_port, key, run, scratch, ssh, write

DEVSSH = os.environ.get('DEVSSH_PROGRAM', 'devssh')
COMMANDS = ['exec', 'forward', 'serve', 'keygen', 'known-hosts', 'plugins', 'contour']
USAGE, UNREACHABLE, HOST_KEY, LOGIN, REFUSED, FAILED = range(250, 256)
_shared = {}


def me():
    return pwd.getpwuid(os.geteuid()).pw_name


def devssh(*arguments, expect=0, text=b'', limit=60, env=None):
    return subprocess_of([DEVSSH, *arguments], expect, text, limit, env)


def subprocess_of(command, expect, text, limit, env):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, env=env)
    assert done.returncode == expect, f'{command}: status {done.returncode}, not {expect}: {done.stdout[-300:]!r} {done.stderr[-600:]!r}'
    return done


def sshd():
    if 'sshd' not in _shared:
        _shared['sshd'] = Sshd()
    return _shared['sshd']


def known_hosts(port, kind='ed25519', name='127.0.0.1'):
    line = open(key(kind) + '.pub', encoding='utf-8').read()
    return write(f'known-{port}-{kind}', f'[{name}]:{port} {line}')


def there(server, hosts=None, identity='ed25519'):
    """Options and destination for the system's sshd."""
    return ['--known-hosts', hosts or known_hosts(server.port), '-i', key(identity), f'{me()}@127.0.0.1:{server.port}']


# ---- help ----

@case('/tools/help')
def _():
    text = devssh('--help').stdout.decode()
    for name in COMMANDS:
        assert f'\n  {name} ' in text, text
        own = devssh(name, '--help').stdout.decode()
        assert 'Usage:' in own and f'devssh {name}' in own and '--json' in own, own
    assert devssh('--version').stdout.startswith(b'devssh ')


@case('/tools/usage')
def _():
    devssh(expect=USAGE)
    devssh('dance', expect=USAGE)
    for name in ('exec', 'forward', 'serve', 'keygen', 'known-hosts'):
        devssh(name, expect=USAGE)
        devssh(name, '--no-such-option', expect=USAGE)
    devssh('plugins', 'unasked', expect=USAGE)
    devssh('forward', 'localhost', expect=USAGE)
    devssh('contour', 'one', 'two', expect=USAGE)
    devssh('contour', '--json', '-o', '-', expect=USAGE)


# ---- keygen ----

def keygen(kind, *options):
    path = scratch(f'keygen-{kind}')
    event = json.loads(devssh('keygen', '--json', '-C', 'a comment', *options, path).stdout)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and stat.S_IMODE(os.stat(path + '.pub').st_mode) == 0o644
    shown = run(['ssh-keygen', '-l', '-f', path]).decode().split()
    assert shown[1] == event['fingerprint'] and int(shown[0]) == event['bits'], (shown, event)
    derived = run(['ssh-keygen', '-y', '-f', path]).decode().split()
    assert derived[:2] == open(path + '.pub', encoding='utf-8').read().split()[:2]
    assert open(path + '.pub', encoding='utf-8').read().rstrip().endswith(' a comment')
    before = open(path, 'rb').read()
    devssh('keygen', path, expect=FAILED)
    assert open(path, 'rb').read() == before


for kind, options in {'ed25519': [], 'ecdsa': ['-t', 'ecdsa'], 'ecdsa-521': ['-t', 'ecdsa', '-b', '521'], 'rsa': ['-t', 'rsa', '-b', '2048'],
                      'pkcs8': ['-t', 'rsa', '-b', '2048', '-f', 'pkcs8']}.items():
    peers.add(f'/tools/keygen/{kind}', keygen, kind, *options)


@case('/tools/keygen/T-81/nothing-is-followed-or-replaced')
def _():
    target, link = scratch('link-target'), scratch('link')
    os.symlink(target, link)
    devssh('keygen', link, expect=FAILED)
    assert not os.path.exists(target)
    write('taken.pub', 'mine')
    devssh('keygen', scratch('taken'), expect=FAILED)
    assert not os.path.exists(scratch('taken')) and open(scratch('taken.pub'), encoding='utf-8').read() == 'mine'
    mask = os.umask(0)
    try:
        devssh('keygen', scratch('open-mask'))
    finally:
        os.umask(mask)
    assert stat.S_IMODE(os.stat(scratch('open-mask')).st_mode) == 0o600


@case('/tools/keygen/refused')
def _():
    devssh('keygen', '-t', 'dsa', scratch('no'), expect=USAGE)
    devssh('keygen', '-t', 'ecdsa', '-b', '500', scratch('no'), expect=USAGE)
    devssh('keygen', '-f', 'ppk', scratch('no'), expect=USAGE)
    assert not os.path.exists(scratch('no'))


# ---- contour ----

EXAMPLE = b'AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA=='        # the worked example of protocol.md 8.3


def texts_in(picture):
    """What a picture says; whatever else it is, it is XML."""
    root = ElementTree.fromstring(picture)
    assert root.tag == '{http://www.w3.org/2000/svg}svg', root.tag
    return [''.join(element.itertext()) for element in root.iter() if element.tag.endswith(('}text', '}title'))]


@case('/tools/contour/picture')
def _():
    picture = devssh('contour', '-t', 'Backup <1> & "2"', text=EXAMPLE + b'\n').stdout
    texts = texts_in(picture)
    assert 'Backup <1> & "2"' in texts and any('5.01 kB received' in text for text in texts), texts
    log, svg = write('session.log', EXAMPLE.decode()), scratch('session.svg')
    for arguments in (['-o', svg, log], ['--output', svg, '--title', 'Session contour', '-']):
        done = devssh('contour', *arguments, text=EXAMPLE)
        assert done.stdout == b'' and done.stderr == b''
        assert open(svg, 'rb').read() == devssh('contour', log).stdout
    assert 'Session contour' in texts_in(open(svg, 'rb').read())


@case('/tools/contour/numbers')
def _():
    svg = scratch('beside.svg')
    for more in ([], ['-o', svg]):
        assert json.loads(devssh('contour', '--json', *more, text=EXAMPLE).stdout) == {
            'event': 'contour', 'interval': 2000, 'intervals': 3, 'bytesSent': [0, 1000, 0], 'bytesReceived': [2000, 3008, 0],
            'latencyMin': [0, 16, 16], 'latencyMax': [0, 32, 32], 'latencyAverage': [0, 24, 24], 'base64': EXAMPLE.decode()}
    texts_in(open(svg, 'rb').read())


@case('/tools/contour/refused')
def _():
    svg = scratch('never.svg')
    for text in (b'', b'\n', EXAMPLE[:-1], EXAMPLE[:16], b'not base64!', EXAMPLE[:8] + b'\0' + EXAMPLE[8:], b'A' * (17 << 20)):
        done = devssh('contour', '-o', svg, text=text, expect=FAILED)
        assert done.stdout == b'' and done.stderr.startswith(b'devssh: '), done
        error = json.loads(devssh('contour', '--json', text=text, expect=FAILED).stdout)
        assert error['event'] == 'error' and error['status'] == FAILED and error['message'], error
    devssh('contour', scratch('not-there'), expect=FAILED)
    devssh('contour', peers.HERE, expect=FAILED)
    assert not os.path.exists(svg)
    devssh('contour', '-o', os.path.join(scratch('no-folder'), 'a.svg'), text=EXAMPLE, expect=FAILED)
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([DEVSSH, 'contour'], input=EXAMPLE, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == FAILED and done.stderr, done


def dev_tunnels(orders):
    if not os.path.isdir(os.path.join(peers.NODE_DIR, 'node_modules', '@microsoft')):
        raise Skip('the packages of npm are not installed')
    lines = ''.join(json.dumps(order) + '\n' for order in orders).encode()
    return [json.loads(line) for line in run(['node', os.path.join(peers.NODE_DIR, 'dts-contour.mjs')], text=lines).splitlines()]


@case('/tools/contour/dev-tunnels')
def _():
    """What they export is read here, and what is written here is read there, with the same numbers."""
    dice = random.Random(4)
    orders = []
    for count in (2, 3, 40, 200):
        span = 1 << dice.randrange(11, 30)
        times = [1500, *sorted(dice.randrange(span) for _ in range(count))]        # one interval they cannot read
        orders.append({'max': 2 << dice.randrange(8), 'updates': [
            {'time': time, 'sent': dice.randrange(1 << 20), 'received': dice.randrange(1 << dice.randrange(1, 34)),
             'latency': dice.randrange(1, 1 << 14) / 16 if dice.random() < .5 else 0} for time in times]})
    theirs = dev_tunnels(orders)
    ours = [json.loads(devssh('contour', '--json', text=contour['base64'].encode()).stdout) for contour in theirs]
    again = dev_tunnels({'base64': contour['base64']} for contour in ours)
    assert len(theirs) == len(ours) == len(again) == len(orders)
    for one, read, back in zip(theirs, ours, again):
        assert read.pop('event') == 'contour' and read.pop('intervals') == len(one['bytesSent'])
        assert read == back and read['base64'] == one['base64'] and read['interval'] == one['interval'], (one, read, back)
        for series in ('bytesSent', 'bytesReceived', 'latencyMin', 'latencyMax', 'latencyAverage'):
            step = max(1, max(one[series]) / 127.5)
            assert all(abs(a - b) <= step / 2 for a, b in zip(one[series], read[series])), (series, one, read)


# ---- exec ----

@case('/tools/exec/output-and-status')
def _():
    done = devssh('exec', *there(sshd()), 'echo out; echo err >&2; exit 7', expect=7)
    assert done.stdout == b'out\n' and done.stderr == b'err\n'


@case('/tools/exec/options-of-the-command')
def _():
    assert devssh('exec', *there(sshd()), 'printf', '%s', '--json').stdout == b'--json'


@case('/tools/exec/input')
def _():
    data = os.urandom(3 << 20)
    done = devssh('exec', *there(sshd()), 'sha256sum', text=data)
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert devssh('exec', *there(sshd()), 'cat', text=data).stdout == data
    assert devssh('exec', '-n', *there(sshd()), 'cat', text=data).stdout == b''


@case('/tools/exec/shell')
def _():
    assert b'from a shell' in devssh('exec', *there(sshd()), text=b'echo from a shell\n').stdout


@case('/tools/exec/signal')
def _():
    done = devssh('exec', *there(sshd()), 'kill -TERM $$', expect=FAILED)
    assert b'TERM' in done.stderr


@case('/tools/exec/json')
def _():
    done = devssh('exec', '--json', *there(sshd()), 'echo out; exit 3', expect=3)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e['event'] for e in events] == ['connected', 'output', 'exit'], events
    assert base64.b64decode(events[1]['base64']) == b'out\n' and events[2]['status'] == 3
    done = devssh('exec', '--json', '--known-hosts', '/dev/null', '127.0.0.1:1', 'true', expect=UNREACHABLE)
    error = json.loads(done.stdout)
    assert error['event'] == 'error' and error['status'] == UNREACHABLE and error['domain'], error


@case('/tools/exec/terminal')
def _():
    assert devssh('exec', '-t', *there(sshd()), 'tty').stdout.startswith(b'/dev/')


@case('/tools/exec/subsystem')
def _():
    # SSH_FXP_INIT, version 3 (the first message of the SFTP draft): the answer is SSH_FXP_VERSION
    with subprocess.Popen([DEVSSH, 'exec', '-s', *there(sshd()), 'sftp'], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sftp:
        sftp.stdin.write(bytes.fromhex('000000050100000003'))
        sftp.stdin.flush()
        assert sftp.stdout.read(5)[4] == 2
        sftp.stdin.close()
        assert sftp.wait(60) == 0
    devssh('exec', '-s', *there(sshd()), 'no-such-subsystem', expect=REFUSED)


@case('/tools/exec/host/unknown')
def _():
    done = devssh('exec', *there(sshd(), '/dev/null'), 'true', expect=HOST_KEY)
    assert b'is not known' in done.stderr and b'SHA256:' in done.stderr


@case('/tools/exec/host/changed')
def _():
    other = scratch('other-host-key')
    if not os.path.exists(other):
        run(['ssh-keygen', '-q', '-N', '', '-t', 'ed25519', '-f', other])
    hosts = write('changed', f'[127.0.0.1]:{sshd().port} {open(other + ".pub", encoding="utf-8").read()}')
    done = devssh('exec', *there(sshd(), hosts), 'true', expect=HOST_KEY)
    assert b'another key than before' in done.stderr and b'changed:1' in done.stderr, done.stderr


@case('/tools/exec/host/revoked')
def _():
    line = open(key('ed25519') + '.pub', encoding='utf-8').read()
    fingerprint = run(['ssh-keygen', '-l', '-f', key('ed25519')]).decode().split()[1]
    hosts = write('revoked', f'[127.0.0.1]:{sshd().port} {line}@revoked * {line}')
    for extra in [], ['--fingerprint', fingerprint]:
        done = devssh('exec', *extra, *there(sshd(), hosts), 'true', expect=HOST_KEY)
        assert b'revoked' in done.stderr


@case('/tools/exec/host/fingerprint')
def _():
    fingerprint = run(['ssh-keygen', '-l', '-f', key('ed25519')]).decode().split()[1]
    where = ['--known-hosts', '/dev/null', '-i', key('ed25519'), f'{me()}@127.0.0.1:{sshd().port}']
    assert devssh('exec', '--fingerprint', fingerprint, *where, 'echo yes').stdout == b'yes\n'
    done = devssh('exec', '--fingerprint', 'SHA256:' + 'A' * 43, *there(sshd()), 'true', expect=HOST_KEY)
    assert b'given fingerprint' in done.stderr


@case('/tools/exec/login-refused')
def _():
    devssh('exec', *there(sshd(), identity='rsa'), 'true', expect=LOGIN)
    devssh('exec', '-i', '/nonexistent', '127.0.0.1', 'true', expect=USAGE)


@case('/tools/exec/nobody-there')
def _():
    devssh('exec', '--known-hosts', '/dev/null', f'127.0.0.1:{free_port()}', 'true', expect=UNREACHABLE)
    with EchoTarget() as target:
        devssh('exec', '--known-hosts', '/dev/null', f'127.0.0.1:{target.port}', 'true', expect=UNREACHABLE)


# ---- forward ----

class Forward(Program):
    def __init__(self, *options):
        super().__init__([DEVSSH, 'forward', '--json', *options])

    def port(self):
        return self.wait_for('forwarding')['listen-port']

    def end(self):
        self.process.terminate()
        return self.finish()


@case('/tools/forward/local')
def _():
    with EchoTarget() as target, Forward('-L', f'0:127.0.0.1:{target.port}', *there(sshd())) as forward:
        echo_through(forward.port())
        assert forward.end() == 0


@case('/tools/forward/remote')
def _():
    with EchoTarget() as target, Forward('-R', f'0:127.0.0.1:{target.port}', *there(sshd())) as forward:
        echo_through(forward.port())
        assert forward.end() == 0


@case('/tools/forward/both')
def _():
    with EchoTarget() as target, \
            Forward('-L', f'127.0.0.1:0:localhost:{target.port}', '-R', f'0:localhost:{target.port}', *there(sshd())) as forward:
        with forward.changed:
            assert forward.changed.wait_for(lambda: len(forward.of('forwarding')) == 2, 30)
        for event in forward.of('forwarding'):
            echo_through(event['listen-port'], 1 << 16)
        assert forward.end() == 0


def forwards_sockets(there, tag):
    """All four pairs of ends, in both directions."""
    folder = scratch(f'sockets-{tag}')
    os.mkdir(folder, 0o700)
    target = os.path.join(folder, 'target')
    with EchoTarget(path=target), EchoTarget() as port:
        for direction in 'L', 'R':
            path = os.path.join(folder, f'listen-{direction}')
            odd = os.path.join(folder, f'a:b-{direction}')
            # To one end only one way leads.
            for rules in ([f'{path}:{target}', f'0:localhost:{port.port}'], [f'{path}:127.0.0.1:{port.port}', f'127.0.0.1:0:{target}'],
                          [f'[{odd}]:[{target}]']):
                with Forward(*(a for rule in rules for a in ('-' + direction, rule)), *there) as forward:
                    with forward.changed:
                        assert forward.changed.wait_for(lambda: len(forward.of('forwarding')) == len(rules), 30), forward.tail()
                    for event in forward.of('forwarding'):
                        listening = event['listen-path']
                        assert bool(listening) != bool(event['listen-port']) and bool(event['path']) != bool(event['port']), event
                        assert not listening or stat.S_IMODE(os.stat(listening).st_mode) == 0o600
                        echo_through(listening or event['listen-port'])
                    assert forward.end() == 0
                if direction == 'L':
                    assert not os.path.exists(path) and not os.path.exists(odd)


@case('/tools/forward/sockets/sshd')
def _():
    with Sshd('StreamLocalBindUnlink yes') as server:
        forwards_sockets(there(server), 'sshd')


@case('/tools/forward/sockets/serve')
def _():
    with Serve('--allow-forwarding') as server:
        forwards_sockets(server.there(), 'serve')
        assert server.end() == 0


@case('/tools/forward/sockets/T-87/in-the-way')
def _():
    path = scratch('in-the-way')
    target = ['-L', f'{path}:localhost:1', *there(sshd())]
    write('in-the-way', 'a file')
    assert b'exists' in devssh('forward', *target, expect=REFUSED).stderr
    assert b'exists' in devssh('forward', '--replace-sockets', *target, expect=REFUSED).stderr
    assert open(path, encoding='utf-8').read() == 'a file'
    os.remove(path)
    # What is left of a program that had no time to clean up.
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    assert b'exists' in devssh('forward', *target, expect=REFUSED).stderr
    with EchoTarget() as echo, Forward('--replace-sockets', '-L', f'{path}:127.0.0.1:{echo.port}', *there(sshd())) as forward:
        forward.wait_for('forwarding')
        echo_through(path)
        assert forward.end() == 0
    assert not os.path.exists(path)


@case('/tools/forward/sockets/refused')
def _():
    with Serve() as server:
        text = devssh('forward', '-R', f'{scratch("never")}:localhost:1', *server.there(), expect=REFUSED).stderr
        assert b'The server does not forward ' in text, text
    with Serve('--allow-forwarding') as server:
        write('a-file', '')
        text = devssh('forward', '-R', f'{scratch("a-file")}:localhost:1', *server.there(), expect=REFUSED).stderr
        assert b'The server does not forward ' in text, text
    text = devssh('forward', '-L', '/' + 'x' * 200 + ':localhost:1', *there(sshd()), expect=REFUSED).stderr
    assert b'longer than the path of a socket' in text, text


@case('/tools/forward/port-taken')
def _():
    with socket.create_server(('', 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
        port = taken.getsockname()[1]
        devssh('forward', '-L', f'{port}:localhost:1', *there(sshd()), expect=REFUSED)
        devssh('forward', '-R', f'{port}:localhost:1', *there(sshd()), expect=REFUSED)


@case('/tools/forward/not-a-port')
def _():
    for spec in ('80', 'x:localhost:80', '80:localhost:0', '80:localhost:65536', '1:2:3:4:5', '', ':', ':80', '80::80',
                 '/run/a', '/run/a:', '/run/a:80', '/run/a:80:localhost:80', '80:/run/a:80', 'run/a:/run/b', '80:run/a',
                 '80:localhost:/run/a', '[/run/a]:', '[::1]:/run/a'):
        devssh('forward', '-L', spec, *there(sshd()), expect=USAGE)


@case('/tools/forward/server-goes')
def _():
    with Sshd() as server, Forward('-L', '0:127.0.0.1:1', *there(server)) as forward:
        forward.port()
        # The process of the connection is a child of sshd's, and goes with its group.
        for child in open(f'/proc/{server.process.pid}/task/{server.process.pid}/children', encoding='ascii').read().split():
            os.kill(int(child), signal.SIGKILL)
        assert forward.finish() == FAILED


# ---- plugins ----

@case('/tools/plugins')
def _():
    events = {e['name']: e for e in map(json.loads, devssh('plugins', '--json').stdout.splitlines())}
    for name in 'command', 'port-forwarding':
        plugin = events[name]
        assert plugin['state'] == 'available' and not plugin['error'] and plugin['path'].endswith(f'{name}.plugin'), plugin
        assert [s['name'] for s in plugin['services']] == [name]
    assert 'session-request:tcpip-forward' in events['port-forwarding']['services'][0]['rules']
    text = devssh('plugins').stdout.decode()
    assert 'port-forwarding: available' in text and 'wakes on session-request:tcpip-forward' in text, text


@case('/tools/plugins/broken')
def _():
    folder = scratch('broken-plugins')
    os.makedirs(folder, mode=0o755)
    path = write('broken-plugins/broken.plugin', '[Plugin]\nModule=x\nAbi=77\n', 0o644)
    events = [json.loads(line) for line in devssh('plugins', '--json', '-d', folder).stdout.splitlines()]
    broken = [e for e in events if e['path'] == path]
    assert len(broken) == 1 and broken[0]['state'] == 'failed' and 'ABI' in broken[0]['error'], events


# ---- serve ----

class Serve(Program):
    def __init__(self, *options):
        super().__init__([DEVSSH, 'serve', '--json', '--host-key', key('ed25519'), '--user', f'test:{key("ed25519")}.pub', *options])
        self.port = self.wait_for('listening')['port']

    def there(self):
        return ['--known-hosts', known_hosts(self.port), '-i', key('ed25519'), f'test@127.0.0.1:{self.port}']

    def end(self):
        self.process.terminate()
        return self.finish()


def sftp_options(server):
    return [*peers.SSH_OPTIONS, '-i', key('ed25519'), '-P', str(server.port)]


def serve_ssh(*options):
    with Serve(*options) as server:
        assert run(ssh(server.port, 'echo out; exit 5'), expect=5) == b'out\n'
        assert run(ssh(server.port, 'cat'), text=b'x' * 100000) == b'x' * 100000
        assert devssh('exec', *server.there(), 'echo out; echo err >&2; exit 9', expect=9).stderr == b'err\n'
        assert server.end() == 0


peers.add('/tools/serve/ssh', serve_ssh)
peers.add('/tools/serve/threads', serve_ssh, '--threads', '2')


@case('/tools/serve/terminal')
def _():
    with Serve() as server:
        assert run(ssh(server.port, 'tty', options=['-tt'])).startswith(b'/dev/pts/')
    with Serve('--no-terminal') as server:
        assert b'/dev/pts/' not in run(ssh(server.port, 'tty', options=['-tt']), expect=None)


@case('/tools/serve/scp-and-sftp')
def _():
    data = os.urandom(2 << 20)
    source, copy, back = scratch('scp-source'), scratch('scp-copy'), scratch('scp-back')
    with open(source, 'wb') as file:
        file.write(data)
    with Serve() as server:
        for legacy in [], ['-O']:
            run(['scp', '-q', *legacy, *sftp_options(server), source, f'test@127.0.0.1:{copy}'])
            run(['scp', '-q', *legacy, *sftp_options(server), f'test@127.0.0.1:{copy}', back])
            assert open(copy, 'rb').read() == data and open(back, 'rb').read() == data
            os.remove(copy)
            os.remove(back)
        batch = write('sftp-batch', f'put {source} {copy}\nget {copy} {back}\n')
        run(['sftp', '-q', '-b', batch, *sftp_options(server), 'test@127.0.0.1'])
        assert open(back, 'rb').read() == data


@case('/tools/serve/T-84/forwarding')
def _():
    with EchoTarget() as target:
        with Serve() as server:
            assert b'' == run(ssh(server.port, '-W', f'127.0.0.1:{target.port}'), expect=None, text=b'x')
            devssh('forward', '-R', '0:localhost:1', *server.there(), expect=REFUSED)
            assert server.end() == 0
        with Serve('--allow-forwarding') as server:
            assert run(ssh(server.port, '-W', f'127.0.0.1:{target.port}'), text=b'round') == b'round'
            with Forward('-L', f'0:127.0.0.1:{target.port}', '-R', f'0:127.0.0.1:{target.port}', *server.there()) as forward:
                with forward.changed:
                    assert forward.changed.wait_for(lambda: len(forward.of('forwarding')) == 2, 30), forward.tail()
                for event in forward.of('forwarding'):
                    echo_through(event['listen-port'])
                assert forward.end() == 0


@case('/tools/serve/leaves-no-children')
def _():
    """A command that does not go when it is told to is gone when the server is, whoever ran it."""
    children = []
    with Serve('--drain', '0') as one, Serve('--drain', '0', '--threads', '2') as two:
        clients = [subprocess.Popen(ssh(server.port, 'trap "" HUP; echo $$; exec sleep 600'), stdout=subprocess.PIPE)
                   for server in (one, two)]
        children = [int(client.stdout.readline()) for client in clients]
        for server in one, two:
            server.process.terminate()
        assert one.finish() == 0 and two.finish() == 0
        for client in clients:
            client.communicate(timeout=60)
    left = [child for child in children if os.path.exists(f'/proc/{child}/fd')]
    for child in left:
        os.kill(child, signal.SIGKILL)
    assert not left, left


@case('/tools/serve/T-84/doors')
def _():
    """What the server does not know it does not grant, whatever else it allows."""
    command = peers.script('paramiko-peer.py', 'paramiko')
    for options in [], ['--allow-forwarding'], ['--no-commands', '--allow-forwarding'], ['--no-commands']:
        with Serve(*options) as server:
            doors = peers.run_client([*command, 'doors', str(server.port), key('ed25519')]).of('door')
            assert len(doors) == 4 + ('--no-commands' not in options) + ('--allow-forwarding' in options), doors
            assert not [d['name'] for d in doors if d['open']], (options, doors)


@case('/tools/serve/T-88/environment-and-subsystems')
def _():
    env = {**os.environ, 'LC_TEST': 'seen', 'LD_PRELOAD_TEST': 'no'}
    send = ['-o', 'SendEnv=LC_TEST LD_PRELOAD_TEST']
    with Serve('--env', 'LC_TEST', '--subsystem', 'count=/usr/bin/wc -c') as server:
        assert run(ssh(server.port, 'echo $LC_TEST$LD_PRELOAD_TEST', options=send), env=env) == b'seen\n'
        assert run(ssh(server.port, 'count', options=['-s']), text=b'12345').strip() == b'5'
        for name in 'sftp', '../count', '/usr/bin/wc':
            devssh('exec', '-s', *server.there(), name, expect=REFUSED)


@case('/tools/serve/no-commands')
def _():
    with Serve('--no-commands') as server:
        devssh('exec', *server.there(), 'true', expect=REFUSED)


@case('/tools/serve/users')
def _():
    secret = write('secret', 'open sesame\n')
    wrong = write('wrong-secret', 'open barley\n')
    with Serve('--password', f'ali:{secret}') as server:
        hosts = ['--known-hosts', known_hosts(server.port)]
        login = ['-i', key('rsa'), f'ali@127.0.0.1:{server.port}', 'echo in']
        assert devssh('exec', *hosts, '--password-file', secret, *login).stdout == b'in\n'
        devssh('exec', *hosts, '--password-file', wrong, *login, expect=LOGIN)
        devssh('exec', *hosts, '-i', key('ed25519'), f'nobody@127.0.0.1:{server.port}', 'true', expect=LOGIN)
        devssh('exec', *hosts, '-i', key('rsa'), f'test@127.0.0.1:{server.port}', 'true', expect=LOGIN)
    options = write('with-options', 'no-pty ' + open(key('ed25519') + '.pub', encoding='utf-8').read())
    devssh('serve', '--user', f'test:{options}', expect=USAGE)
    devssh('serve', '--user', 'test', expect=USAGE)
    # An empty password would let everybody in.
    for name, text in ('empty', ''), ('empty-line', '\nopen sesame\n'), ('zero', '\0open sesame\n'):
        failed = devssh('serve', '--password', f'ali:{write(name, text)}', expect=USAGE)
        assert b'empty' in failed.stderr, failed


@case('/tools/serve/T-87/unix-socket')
def _():
    path = scratch('serve.socket')
    with Serve('--listen', ':0', '--unix', path) as server:
        assert len(server.of('listening')) == 2 or server.wait_for('listening')
        proxy = ['-o', f'ProxyCommand={PROXY} {path}']
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert run(ssh(1, 'echo unix', options=proxy)) == b'unix\n'
        assert server.end() == 0
        assert not os.path.exists(path)


PROXY = write('unix-proxy', '''#!/usr/bin/python3
import os, socket, sys, threading
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
def up():
    while data := os.read(0, 65536):
        s.sendall(data)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := s.recv(65536):
    while data:
        data = data[os.write(1, data):]
''', 0o700)


@case('/tools/serve/drains')
def _():
    with Serve() as server:
        with subprocess.Popen(ssh(server.port, 'echo begun; read line; echo $line'), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
            assert client.stdout.readline() == b'begun\n'
            server.process.terminate()
            # It listens no more, and what runs goes on.
            while True:
                with socket.socket() as s:
                    if s.connect_ex(('127.0.0.1', server.port)) != 0:
                        break
            client.stdin.write(b'the end\n')
            client.stdin.flush()
            line = client.stdout.readline()
            assert line == b'the end\n', (line, client.poll(), server.tail())
            assert client.wait(30) == 0
        assert server.finish() == 0


if __name__ == '__main__':
    peers.main()
