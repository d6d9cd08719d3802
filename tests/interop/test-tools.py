#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program devssh: each of its commands, against OpenSSH where that has the other end."""
import base64
import hashlib
import json
import os
import pty
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
COMMANDS = ['exec', 'forward', 'serve', 'keygen', 'key', 'known-hosts', 'plugins', 'contour']
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
    for name in ('exec', 'forward', 'serve', 'keygen', 'key', 'known-hosts'):
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


@case('/tools/keygen/passphrase')
def _():
    for format in ('openssh', 'pkcs8'):
        path = scratch(f'keygen-locked-{format}')
        devssh('keygen', '-t', 'ecdsa', '-f', format, '--passphrase-file', write('keygen-passphrase', 'a passphrase\n'), path)
        assert run(['ssh-keygen', '-y', '-P', 'a passphrase', '-f', path]).decode().split()[1] in open(path + '.pub', encoding='utf-8').read()
        assert subprocess.run(['ssh-keygen', '-y', '-P', '', '-f', path], stderr=subprocess.DEVNULL).returncode != 0
    devssh('keygen', '--passphrase-file', write('keygen-empty', '\n'), scratch('keygen-unlocked'), expect=FAILED)
    assert not os.path.exists(scratch('keygen-unlocked')) and not os.path.exists(scratch('keygen-unlocked.pub'))


@case('/tools/keygen/refused')
def _():
    devssh('keygen', '-t', 'dsa', scratch('no'), expect=USAGE)
    devssh('keygen', '-t', 'ecdsa', '-b', '500', scratch('no'), expect=USAGE)
    devssh('keygen', '-f', 'ppk', scratch('no'), expect=USAGE)
    assert not os.path.exists(scratch('no'))


# ---- key ----

FIXTURES = os.path.join(os.path.dirname(peers.HERE), 'data', 'keys')
ED25519 = 'SHA256:6a3bHQjcmIaPBDA4IZ+NJmda5kS4jxR+HqHK4lhPwYc'


def fixture(name):
    return os.path.join(FIXTURES, name)


def passphrase(text='password'):
    return write('passphrase-' + hashlib.sha256(text.encode()).hexdigest()[:8], text + '\nand another line\n')


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def show(*arguments, **more):
    return [json.loads(line) for line in devssh('key', 'show', '--json', *arguments, **more).stdout.splitlines()]


@case('/tools/key/help')
def _():
    for action in ('show', 'fingerprint', 'convert'):
        text = devssh('key', action, '--help').stdout.decode()
        assert f'devssh key {action}' in text and 'Formats:' in text and '--passphrase-file' in text and '--json' in text, text
        assert f'devssh key {action} ' in devssh('key', '--help').stdout.decode()


@case('/tools/key/usage')
def _():
    plain = fixture('ed25519-openssh-none')
    for arguments in (['dance'], ['dance', plain], ['show'], ['fingerprint'], ['convert'], ['convert', plain, plain], ['convert', plain],
                      ['show', '--from', 'ppk', plain], ['convert', '-t', 'ppk', '-o', scratch('no'), plain],
                      ['convert', '--no-passphrase', '--new-passphrase-file', passphrase(), '-o', scratch('no'), plain],
                      ['convert', '--json', '-o', '-', plain], ['convert', '--json', '--public', plain]):
        devssh('key', *arguments, expect=USAGE)
    assert not os.path.exists(scratch('no'))


@case('/tools/key/show')
def _():
    line = open(fixture('ed25519-ssh.pub'), encoding='utf-8').read().strip()
    expected = {'event': 'key', 'algorithm': 'ssh-ed25519', 'bits': 256, 'fingerprint': ED25519, 'comment': 'ed25519@example.com',
                'private': True, 'encrypted': True, 'public': line, 'path': fixture('ed25519-openssh-aes256ctr')}
    assert show('--passphrase-file', passphrase(), expected['path']) == [expected]
    text = devssh('key', 'show', fixture('ed25519-ssh.pub')).stdout.decode()
    assert 'a public key of type ssh-ed25519, 256 bits' in text and ED25519 in text and line in text, text
    # Binary files are told what they are; the standard input is a file, too.
    assert show('--from', 'pkcs8', fixture('ed25519-pkcs8-none.der'))[0]['fingerprint'] == ED25519
    assert show('-', text=open(fixture('ed25519-jwk-none.json'), 'rb').read())[0]['fingerprint'] == ED25519


@case('/tools/key/show/some-fail')
def _():
    events = show(fixture('ed25519-ssh.pub'), scratch('not-there'), fixture('ed25519-ppk3-none.ppk'),
                  fixture('ed25519-pkcs8-aes256cbc'), fixture('rsa2048-ssh.pub'), expect=FAILED)
    assert [event['event'] for event in events] == ['key', 'error', 'error', 'error', 'key'], events
    assert 'not-there' in events[1]['message'] and 'puttygen' in events[2]['message'] and '--passphrase-file' in events[3]['message'], events
    wrong = show('--passphrase-file', passphrase('wrong'), fixture('ed25519-pkcs8-aes256cbc'), expect=FAILED)[0]
    assert 'does not open the key' in wrong['message'] and wrong['status'] == FAILED, wrong
    devssh('key', 'show', '--passphrase-file', scratch('not-there'), fixture('ed25519-pkcs8-aes256cbc'), expect=FAILED)
    devssh('key', 'show', '-', text=b'x' * 70000, expect=FAILED)


@case('/tools/key/fingerprint')
def _():
    names = ['ed25519-ssh.pub', 'rsa2048-ssh.pub', 'ecdsa521-ssh.pub']
    ours = devssh('key', 'fingerprint', *map(fixture, names)).stdout.decode().splitlines()
    theirs = [run(['ssh-keygen', '-l', '-f', fixture(name)]).decode().strip() for name in names]
    # They say RSA where we say ssh-rsa.
    assert [line.rsplit(' ', 1)[0] for line in ours] == [line.rsplit(' ', 1)[0] for line in theirs], (ours, theirs)


@case('/tools/key/convert/T-81')
def _():
    target = scratch('converted')
    devssh('key', 'convert', '-t', 'pkcs8', '-o', target, fixture('ed25519-openssh-none'))
    assert open(target, 'rb').read() == open(fixture('ed25519-pkcs8-none'), 'rb').read() and mode(target) == 0o600
    # Nothing is replaced unasked, and a link never followed.
    link = scratch('converted-link')
    os.symlink(target, link)
    for path in (target, link):
        devssh('key', 'convert', '-t', 'openssh', '-o', path, fixture('rsa2048-pkcs8-none'), expect=FAILED)
    devssh('key', 'convert', '--force', '-C', 'new words', '-o', link, fixture('rsa2048-pkcs8-none'))
    assert not os.path.islink(link) and open(target, 'rb').read() == open(fixture('ed25519-pkcs8-none'), 'rb').read()
    assert run(['ssh-keygen', '-l', '-f', link]).decode().split(' ', 2)[2].startswith('new words '), link
    # A public half goes to the standard output, or where it is told to.
    line = open(fixture('ed25519-ssh.pub'), 'rb').read()
    assert devssh('key', 'convert', '--public', fixture('ed25519-openssh-none')).stdout == line
    assert devssh('key', 'convert', '-t', 'ssh', fixture('ed25519-ssh.pub')).stdout == line
    devssh('key', 'convert', '-p', '-t', 'ssh2', '-o', scratch('converted.pub'), fixture('ed25519-openssh-none'))
    assert mode(scratch('converted.pub')) == 0o644
    assert devssh('key', 'convert', '-t', 'pkcs8', '-o', '-', fixture('ed25519-openssh-none')).stdout == open(target, 'rb').read()


@case('/tools/key/convert/passphrase')
def _():
    locked, target = fixture('ed25519-openssh-aes256gcm'), scratch('relocked')
    opens, new = ['--passphrase-file', passphrase()], ['--new-passphrase-file', passphrase('another one')]
    # It stays, where there is a place for it; where there is none, nothing is written.
    event = json.loads(devssh('key', 'convert', '--json', '-t', 'pkcs8', '-o', target, *opens, locked).stdout)
    assert event == {'event': 'key', 'path': target, 'algorithm': 'ssh-ed25519', 'bits': 256, 'fingerprint': ED25519,
                     'private': True, 'encrypted': True}
    assert show(*opens, target)[0]['fingerprint'] == ED25519
    done = devssh('key', 'convert', '-t', 'jwk', '-o', scratch('unlocked'), *opens, locked, expect=FAILED)
    assert b'--no-passphrase' in done.stderr and not os.path.exists(scratch('unlocked'))
    devssh('key', 'convert', '-t', 'jwk', '--no-passphrase', '-o', scratch('unlocked'), *opens, locked)
    assert not show(scratch('unlocked'))[0]['encrypted']
    # Another one, and the first one.
    devssh('key', 'convert', '--force', '-o', target, *opens, *new, locked)
    assert run(['ssh-keygen', '-y', '-P', 'another one', '-f', target]).decode().split()[1] in open(fixture('ed25519-ssh.pub'), encoding='utf-8').read()
    show(*opens, target, expect=FAILED)
    devssh('key', 'convert', '--force', '-o', target, *new, fixture('ed25519-pkcs8-none'))
    assert show('--passphrase-file', passphrase('another one'), target)[0]['encrypted']
    devssh('key', 'convert', '-o', scratch('empty'), '--new-passphrase-file', write('empty-passphrase', '\n'),
           fixture('ed25519-pkcs8-none'), expect=FAILED)
    assert not os.path.exists(scratch('empty'))


def at_terminal(answer, *command):
    """Runs a program at a terminal of its own, where somebody types the answer to its question."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(command[0], command)
    seen = b''
    try:
        while True:
            chunk = os.read(terminal, 4096)
            if not chunk:
                break
            seen += chunk
            if seen.endswith(b': ') and answer:
                os.write(terminal, answer)
                answer = b''
    except OSError:                                             # the other end is closed
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen


@case('/tools/key/terminal')
def _():
    locked = fixture('ed25519-openssh-aes256ctr')
    status, seen = at_terminal(b'password\n', DEVSSH, 'key', 'show', locked)
    assert status == 0 and ED25519.encode() in seen and b'Passphrase of' in seen, (status, seen)
    assert b': password' not in seen and b'\npassword' not in seen, seen
    status, seen = at_terminal(b'Password\n', DEVSSH, 'key', 'show', locked)
    assert status == FAILED and b'does not open the key' in seen, (status, seen)
    # Nobody is asked where no passphrase is needed, or where it would not help.
    for name in ('ed25519-openssh-none', 'ed25519-ppk2-aes256cbc.ppk'):
        assert b'Passphrase of' not in at_terminal(b'', DEVSSH, 'key', 'show', fixture(name))[1]


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
