#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whom the program devssh believes is whom ssh believes, and what it writes down ssh reads."""
import base64
import hashlib
import hmac
import json
import os
import pty
import random
import shutil
import stat
import subprocess

import peers
from peers import Skip, Sshd, case, key, public_key, run, scratch, write

DEVSSH = os.environ.get('DEVSSH_PROGRAM', 'devssh')
USAGE, UNREACHABLE, HOST_KEY, LOGIN, REFUSED, FAILED = range(250, 256)
N_CASES = 100
_shared = {}


def devssh(*arguments, expect=0, text=b'', env=None):
    done = subprocess.run([DEVSSH, *arguments], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, env=env)
    assert expect is None or done.returncode == expect, \
        f'{arguments}: status {done.returncode}, not {expect}: {done.stdout[-300:]!r} {done.stderr[-600:]!r}'
    return done


def known_hosts(action, *arguments, expect=0, **more):
    """The events."""
    done = devssh('known-hosts', action, '--json', *arguments, expect=expect, **more)
    return [json.loads(line) for line in done.stdout.splitlines()]


def bare(kind):
    """Type and base64."""
    return ' '.join(public_key(kind).split()[:2])


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


# ---- ssh itself ----

def proxy():
    """A server at the other end of a pipe, whatever the host is called."""
    if 'proxy' not in _shared:
        sshd = shutil.which('sshd', path=os.environ['PATH'] + ':/usr/sbin')
        if sshd is None or shutil.which('ssh') is None:
            raise Skip('no OpenSSH')
        if os.geteuid() == 0:
            os.makedirs('/run/sshd', exist_ok=True)
        config = write('proxy-config', f'HostKey {key("ed25519")}\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n'
                                       'LogLevel QUIET\nPidFile none\n')
        _shared['proxy'] = f'{sshd} -i -f {config}'
    return _shared['proxy']


def ssh_verdict(path, host, port):
    """What ssh says of it, and the line."""
    done = subprocess.run(
        ['ssh', '-F', '/dev/null', '-o', f'UserKnownHostsFile={path}', '-o', 'GlobalKnownHostsFile=/dev/null', '-o', 'StrictHostKeyChecking=yes',
         '-o', 'BatchMode=yes', '-o', 'PreferredAuthentications=none', '-o', 'IdentityAgent=none', '-o', 'CheckHostIP=no',
         '-o', f'ProxyCommand={proxy()}', '-p', str(port), f'nobody@{host}', 'true'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    text = done.stderr.decode(errors='replace')
    if 'REVOKED HOST KEY' in text:
        return 'revoked', None
    if 'IDENTIFICATION HAS CHANGED' in text:
        place = next(line for line in text.splitlines() if line.startswith('Offending'))
        return 'changed', int(place.rsplit(':', 1)[1])
    if 'host key is known for' in text:
        return 'unknown', None
    assert 'Permission denied' in text, text
    return 'trusted', None


def hashed(name, dice):
    salt = bytes(dice.randrange(256) for _ in range(20))
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f'|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}'


def random_line(dice):
    host = dice.choice(['a.example', 'b.example', 'www.a.example', '192.0.2.1'])
    name = dice.choice([host, host, host.upper(), f'[{host}]:2222', f'[{host}]:2222', '*', '*.example', '[*]:2222', '!*.a.example', '!b.example',
                        '192.0.2.*', f'{host},b.example', f'*,!{host}', f'*.example,!{host},[*]:2222', hashed(host, dice),
                        hashed(f'[{host}]:2222', dice), '|1|AA|BB'])
    marker = dice.choice(['', '', '', '', '@revoked ', '@revoked ', '@cert-authority ', '@what '])
    what = dice.choice([bare('ed25519'), bare('ed25519'), bare('rsa'), bare('ecdsa-256'), bare('ecdsa-384'), 'ssh-ed25519 AAAA', 'ssh-ed25519'])
    return dice.choice(['# comment', f'{marker}{name} {what}', f'{marker}{name} {what} comment', f'  {marker}{name}\t{what}\r'])


def verdicts():
    dice = random.Random(5)
    seen = {}
    for number in range(N_CASES):
        path = write('cases', ''.join(random_line(dice) + '\n' for _ in range(dice.randrange(2, 10))))
        host, port = dice.choice(['a.example', 'b.example', 'www.a.example', '192.0.2.1']), dice.choice([22, 2222])
        theirs, line = ssh_verdict(path, host, port)
        ours, = known_hosts('check', '-f', path, f'{host}:{port}', key('ed25519') + '.pub', expect=None)
        assert ours['verdict'] == theirs, f'case {number}: {host}:{port}: ssh says {theirs}, not {ours}\n{read(path)}'
        if line is not None:
            assert ours['line'] == line, f'case {number}: ssh says line {line}, not {ours}\n{read(path)}'
        seen[theirs] = seen.get(theirs, 0) + 1
    assert len(seen) == 4 and min(seen.values()) >= 3, seen


peers.add('/known-hosts/ssh/verdicts', verdicts)


@case('/known-hosts/ssh/reads-ours')
def _():
    for more in [], ['--hash']:
        path = scratch(f'ours{len(more)}')
        known_hosts('add', *more, '-f', path, 'Host.Example', key('ed25519') + '.pub', key('rsa') + '.pub')
        known_hosts('add', *more, '-f', path, '192.0.2.7:2222', key('ed25519') + '.pub')
        assert ssh_verdict(path, 'host.example', 22)[0] == 'trusted' and ssh_verdict(path, '192.0.2.7', 2222)[0] == 'trusted'
        assert ssh_verdict(path, '192.0.2.7', 22)[0] == 'unknown' and ssh_verdict(path, 'host.example', 2222)[0] == 'trusted'
        assert ('host.example' in read(path)) == (not more)
        known_hosts('remove', '-f', path, 'host.example', key('ed25519') + '.pub')
        assert ssh_verdict(path, 'host.example', 22)[0] == 'changed'
        known_hosts('remove', '-f', path, 'host.example')
        assert ssh_verdict(path, 'host.example', 22)[0] == 'unknown'


# ---- the command ----

@case('/known-hosts/check')
def _():
    path = write('check', f'# mine\nhost.example {bare("rsa")}\n@revoked * {bare("ecdsa-256")}\n@cert-authority *.ca {bare("rsa")}\n')
    event, = known_hosts('check', '-f', path, 'host.example', key('rsa') + '.pub')
    assert event['event'] == 'verdict' and event['verdict'] == 'trusted' and event['line'] == 2 and event['file'] == path, event
    event, = known_hosts('check', '-f', path, 'host.example', key('rsa'))          # the public half will do
    assert event['verdict'] == 'trusted', event
    event, = known_hosts('check', '-f', path, 'host.example', key('ed25519') + '.pub', expect=HOST_KEY)
    shown = [run(['ssh-keygen', '-l', '-f', key(kind)]).decode().split()[1] for kind in ('ed25519', 'rsa')]
    assert event['verdict'] == 'changed' and [event['fingerprint'], event['known-fingerprint']] == shown and event['line'] == 2, event
    event, = known_hosts('check', '-f', path, 'host.example', key('ecdsa-256') + '.pub', expect=HOST_KEY)
    assert event['verdict'] == 'revoked' and event['line'] == 3, event
    event, = known_hosts('check', '-f', path, 'x.ca', key('rsa') + '.pub', expect=HOST_KEY)
    assert event['verdict'] == 'unknown' and event['line'] == 4, event
    events = known_hosts('check', '-f', path, 'host.example', key('rsa') + '.pub', key('ed25519') + '.pub', expect=HOST_KEY)
    assert [e['verdict'] for e in events] == ['trusted', 'changed'], events
    text = devssh('known-hosts', 'check', '-f', path, 'host.example', '-', text=bare('ed25519').encode(), expect=HOST_KEY).stdout.decode()
    assert all(piece in text for piece in [*shown, 'changed', f'{path}:2']), text
    devssh('known-hosts', 'check', '-f', scratch('not-there'), 'host', key('rsa') + '.pub', expect=FAILED)
    devssh('known-hosts', 'check', '-f', path, 'host', scratch('not-there'), expect=FAILED)
    devssh('known-hosts', 'check', '-f', path, 'host', expect=USAGE)
    devssh('known-hosts', 'check', '-f', path, 'host:port', key('rsa') + '.pub', expect=USAGE)


@case('/known-hosts/certificate')
def _():
    shutil.copy(key('ed25519') + '.pub', scratch('certified.pub'))
    run(['ssh-keygen', '-q', '-s', key('rsa'), '-h', '-I', 'host', '-n', 'host.example', scratch('certified.pub')])
    done = devssh('known-hosts', 'check', '-f', '/dev/null', 'host.example', scratch('certified-cert.pub'), expect=FAILED)
    assert b'certificates are not supported yet' in done.stderr, done.stderr


@case('/known-hosts/add')
def _():
    path = scratch('add')
    event, = known_hosts('add', '-f', path, 'host.example:2222', key('ed25519') + '.pub')
    assert event == {'event': 'changed', 'file': path, 'lines': 1}, event
    assert read(path) == f'[host.example]:2222 {bare("ed25519")}\n' and stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert known_hosts('add', '-f', path, 'host.example:2222', key('ed25519') + '.pub')[0]['lines'] == 0
    before = read(path)
    done = devssh('known-hosts', 'add', '-f', path, 'host.example:2222', key('rsa') + '.pub', expect=HOST_KEY)
    assert b'--replace' in done.stderr and b'changed' in done.stdout and read(path) == before, done
    assert known_hosts('add', '--also', '-f', path, 'host.example:2222', key('rsa') + '.pub')[0]['lines'] == 1
    event, = known_hosts('add', '--replace', '-f', path, 'host.example:2222', key('ecdsa-256') + '.pub', key('ecdsa-384') + '.pub')
    assert event['lines'] == 4 and read(path) == f'[host.example]:2222 {bare("ecdsa-256")}\n[host.example]:2222 {bare("ecdsa-384")}\n'
    revoked = write('add-revoked', f'@revoked * {bare("rsa")}\n')
    for more in [], ['--replace'], ['--also']:
        devssh('known-hosts', 'add', *more, '-f', path, '-f', revoked, 'host.example', key('rsa') + '.pub', expect=HOST_KEY)
    devssh('known-hosts', 'add', '-f', path, '*', key('rsa') + '.pub', expect=FAILED)
    devssh('known-hosts', 'add', '--also', '--replace', '-f', path, 'h', key('rsa') + '.pub', expect=USAGE)
    devssh('known-hosts', 'add', '-f', '/dev/null', 'h', key('rsa') + '.pub', expect=FAILED)


@case('/known-hosts/usual-files')
def _():
    """Those of the user, made if they are not there."""
    home = scratch('home')
    os.mkdir(home)
    env = {**os.environ, 'HOME': home}
    known_hosts('add', 'host.example', key('ed25519') + '.pub', env=env)
    path = os.path.join(home, '.ssh', 'known_hosts')
    assert read(path) == f'host.example {bare("ed25519")}\n' and stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    write(os.path.join('home', '.ssh', 'known_hosts2'), f'other.example {bare("rsa")}\n')
    assert [e['names'] for e in known_hosts('list', env=env)][:2] == ['host.example', 'other.example']
    known_hosts('check', 'other.example', key('rsa') + '.pub', env=env)
    known_hosts('remove', 'host.example', env=env)
    assert read(path) == ''


@case('/known-hosts/list-and-hash')
def _():
    text = f'# mine\none.example,two.example {bare("rsa")} comment\n*.example {bare("ed25519")}\n@revoked * {bare("ecdsa-256")}\nnonsense\n'
    path = write('list', text)
    events = known_hosts('list', '-f', path)
    assert [(e['line'], e['marker'], e['names'], e['hashed']) for e in events] == [
        (2, 'none', 'one.example,two.example', False), (3, 'none', '*.example', False), (4, 'revoked', '*', False)], events
    assert known_hosts('hash', '-f', path)[0]['lines'] == 1
    lines = read(path).splitlines()
    assert lines[0] == '# mine' and lines[3:] == text.splitlines()[2:], lines
    assert all(line.startswith('|1|') and line.endswith(bare('rsa') + ' comment') for line in lines[1:3]), lines
    assert [e['line'] for e in known_hosts('list', '-f', path, 'TWO.example')] == [3, 4, 5]
    assert known_hosts('hash', '-f', path)[0]['lines'] == 0
    assert b'\n' in devssh('known-hosts', 'list', '-f', path).stdout
    devssh('known-hosts', 'list', '-f', write('empty', ''), 'one.example', expect=HOST_KEY)
    bell = devssh('known-hosts', 'list', '-f', write('bell', f'a\x1b[2Jb {bare("rsa")}\n')).stdout
    assert b'\x1b' not in bell, bell


@case('/known-hosts/help')
def _():
    for action in ('check', 'add', 'remove', 'hash', 'list'):
        text = devssh('known-hosts', action, '--help').stdout.decode()
        assert f'devssh known-hosts {action}' in text and '--file' in text and '--json' in text, text
        devssh('known-hosts', action, '--no-such-option', expect=USAGE)
    devssh('known-hosts', 'dance', expect=USAGE)
    devssh('known-hosts', 'hash', 'a-file', expect=USAGE)
    assert json.loads(devssh('known-hosts', '--json', 'list', '-f', write('one', f'h {bare("rsa")}\n')).stdout)['names'] == 'h'


# ---- connecting ----

def sshd():
    if 'sshd' not in _shared:
        _shared['sshd'] = Sshd(host_keys=('ed25519',))
    return _shared['sshd']


def execute(path, *options, expect=0):
    return devssh('exec', *options, '--known-hosts', path, '-i', key('ed25519'), f'127.0.0.1:{sshd().port}', 'echo in', expect=expect)


@case('/known-hosts/exec/accept-new')
def _():
    path = scratch('accept-new')
    done = execute(path, '--accept-new')
    assert done.stdout == b'in\n' and b'is known from now on' in done.stderr, done
    assert read(path) == f'[127.0.0.1]:{sshd().port} {bare("ed25519")}\n'
    assert execute(path).stderr == b'' and execute(path, '--accept-new').stderr == b''
    write('accept-new', f'[127.0.0.1]:{sshd().port} {bare("rsa")}\n')
    done = execute(path, '--accept-new', expect=HOST_KEY)
    assert b'another key than before' in done.stderr and done.stderr.count(b'SHA256:') == 2 and b'accept-new:1' in done.stderr, done.stderr
    assert bare('ed25519') not in read(path)
    # What cannot be remembered is not believed.
    execute('/dev/null', '--accept-new', expect=HOST_KEY)
    execute(path, '--accept-new', '--ask', expect=USAGE)
    events = [json.loads(line) for line in execute(scratch('accept-json'), '--accept-new', '--json').stdout.splitlines()]
    assert events[0]['event'] == 'host-added' and events[0]['host'] == '127.0.0.1', events


def at_terminal(path, answer):
    """A terminal of its own for the question; what was said there, and the status."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(DEVSSH, [DEVSSH, 'exec', '-n', '--ask', '--known-hosts', path, '-i', key('ed25519'), f'127.0.0.1:{sshd().port}', 'echo in'])
    said = b''
    while b'(yes or no)?' not in said:
        said += os.read(terminal, 4096)
    os.write(terminal, answer)
    try:
        while piece := os.read(terminal, 4096):
            said += piece
    except OSError:             # the terminal is gone
        pass
    os.close(terminal)
    return said, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@case('/known-hosts/exec/ask')
def _():
    path = write('ask', '')
    for answer in b'no\n', b'y\n', b'\n', b'\x04':
        said, status = at_terminal(path, answer)
        assert status == HOST_KEY and b'is not known' in said and b'+--' in said and read(path) == '', (status, said)
    said, status = at_terminal(path, b'yes\n')
    assert status == 0 and said.rstrip().endswith(b'in'), (status, said)
    assert read(path) == f'[127.0.0.1]:{sshd().port} {bare("ed25519")}\n'
    write('ask', f'[127.0.0.1]:{sshd().port} {bare("rsa")}\n')
    said, status = at_terminal(path, b'yes\n')
    assert status == 0 and b'another key than before' in said, (status, said)
    assert read(path) == f'[127.0.0.1]:{sshd().port} {bare("ed25519")}\n'
    # Nobody there is nobody asked.
    done = subprocess.run(['setsid', '-w', DEVSSH, 'exec', '--ask', '--known-hosts', write('ask-nobody', ''), '-i', key('ed25519'),
                           f'127.0.0.1:{sshd().port}', 'true'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    assert done.returncode == HOST_KEY and b'no terminal' in done.stderr, done


if __name__ == '__main__':
    peers.main()
