#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""asyncssh as a peer, with JSON lines.

   asyncssh-peer.py server HOST-KEY AUTHORIZED-KEYS PASSWORD REKEY-BYTES
   asyncssh-peer.py client PORT key|password KEY-OR-PASSWORD REKEY-BYTES BYTES
   asyncssh-peer.py commands PORT KEY FOLDER         what a server runs: commands, a terminal, SFTP
   asyncssh-peer.py sockets PORT KEY FOLDER          Unix sockets: to one, from one to another, into this program
"""
import asyncio
import json
import os
import sys
import warnings

warnings.simplefilter('ignore')
import asyncssh  # noqa: E402


def say(event, **fields):
    print(json.dumps({'event': event, **fields}), flush=True)


def make_server(secret):
    class Server(asyncssh.SSHServer):
        def password_auth_supported(self):
            return True

        def validate_password(self, username, password):
            return password == secret

        def connection_requested(self, *where):
            return True

        def server_requested(self, *where):
            return True

        def unix_connection_requested(self, path):
            return True

        def unix_server_requested(self, path):
            return True
    return Server


async def serve_process(process):
    words = process.command.split(' ', 1) if process.command else ['cat']
    if words[0] == 'echo':
        process.stdout.write(words[1].encode() + b'\n')
    elif words[0] == 'cat':
        while data := await process.stdin.read(65536):
            process.stdout.write(data)
            await process.stdout.drain()
    process.exit(int(words[1]) if words[0] == 'exit' else 0)


async def server(host_key, authorized, password, rekey):
    listener = await asyncssh.create_server(
        make_server(password), '127.0.0.1', 0, server_host_keys=[host_key], authorized_client_keys=authorized,
        process_factory=serve_process, encoding=None, rekey_bytes=int(rekey))
    say('listening', port=listener.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def check_echo(reader, writer, data):
    async def send():
        writer.write(data)
        await writer.drain()
        writer.write_eof()
    sending = asyncio.ensure_future(send())
    got = await reader.read(-1)
    await sending
    assert got == data, f'{len(got)} of {len(data)} bytes came back, or others'


async def client(port, how, secret, rekey, size):
    login = {'client_keys': [secret]} if how == 'key' else {'client_keys': None, 'password': secret}
    data = os.urandom(int(size))
    target = await asyncio.start_server(echo, '127.0.0.1', 0)
    target_port = target.sockets[0].getsockname()[1]
    async with asyncssh.connect('127.0.0.1', int(port), username='test', known_hosts=None, agent_path=None, config=None,
                                rekey_bytes=int(rekey), **login) as connection:
        assert (await connection.run('cat', input=data, encoding=None, check=True)).stdout == data
        assert (await connection.run('exit 5')).exit_status == 5
        say('step', name='exec')
        await check_echo(*await connection.open_connection('127.0.0.1', target_port), data)
        say('step', name='direct')
        listener = await connection.forward_remote_port('127.0.0.1', 0, '127.0.0.1', target_port)
        await check_echo(*await asyncio.open_connection('127.0.0.1', listener.get_port()), data)
        say('step', name='remote')
        listener.close()
        await listener.wait_closed()
    say('result', ok=True)


async def ends_of(connection, cores):
    run = connection.run
    both = await run('printf out; printf err >&2; exit 200')
    assert (both.stdout, both.stderr, both.exit_status) == ('out', 'err', 200), both
    ended = await run('kill -TERM $$')
    assert ended.exit_signal == ('TERM', False, 'Terminated', ''), ended.exit_signal
    ended = await run('ulimit -c unlimited; kill -ABRT $$')
    assert ended.exit_signal[:2] == ('ABRT', cores), ended.exit_signal
    # A signal of the client's own.
    process = await connection.create_process('exec sleep 1000')
    process.send_signal('INT')
    ended = await process.wait()
    assert ended.exit_signal[0] == 'INT', ended.exit_signal
    say('step', name='ends')


async def terminal_of(connection):
    async with connection.create_process(term_type='vt220', term_size=(90, 30),
                                         term_modes={asyncssh.PTY_ECHO: 0}) as process:
        process.stdin.write('tty; echo $TERM; stty size\n')
        seen = ''
        while '30 90' not in seen:
            seen += await process.stdout.readline()
        assert '/dev/pts/' in seen and 'vt220' in seen and 'echo $TERM' not in seen, seen
        process.change_terminal_size(120, 50)
        process.stdin.write('stty size; exit 7\n')
        seen = await process.stdout.read()
        assert '50 120' in seen, seen
        assert (await process.wait()).exit_status == 7
    say('step', name='terminal')


async def files_of(connection, folder):
    data = os.urandom(4 << 20)
    there, back = os.path.join(folder, 'there'), os.path.join(folder, 'back')
    async with connection.start_sftp_client() as sftp:
        async with sftp.open(there, 'wb') as file:
            await file.write(data)
        assert (await sftp.stat(there)).size == len(data)
        await sftp.get(there, back)
        assert {'back', 'there'} <= set(await sftp.listdir(folder))
        await sftp.remove(there)
    with open(back, 'rb') as file:
        assert file.read() == data
    try:
        await connection.create_process(subsystem='../../bin/sh')
    except asyncssh.ChannelOpenError:
        pass
    else:
        assert False, 'a subsystem that nobody named'
    say('step', name='files')


async def commands(port, secret, folder):
    # What the system itself says of a core.
    pid = os.posix_spawn('/bin/sh', ['sh', '-c', f'cd {folder}; ulimit -c unlimited; kill -ABRT $$'], {})
    status = os.waitpid(pid, 0)[1]
    async with asyncssh.connect('127.0.0.1', int(port), username='test', known_hosts=None, agent_path=None, config=None,
                                client_keys=[secret]) as connection:
        await ends_of(connection, os.WCOREDUMP(status))
        data = os.urandom(8 << 20)
        assert (await connection.run('cat', input=data, encoding=None, check=True)).stdout == data
        many = await asyncio.gather(*[connection.run(f'cat; echo {n}', input='x') for n in range(20)])
        assert [done.stdout for done in many] == [f'x{n}\n' for n in range(20)]
        await terminal_of(connection)
        await files_of(connection, folder)
    say('result', ok=True)


async def sockets(port, key, folder):
    """Unix sockets in a folder: to one, from one to another, and from one into this program."""
    data = os.urandom(1 << 18)
    target, listening = (os.path.join(folder, name) for name in ('target', 'listening'))
    path_server = await asyncio.start_unix_server(echo, target)
    async with asyncssh.connect('127.0.0.1', int(port), username='test', known_hosts=None, agent_path=None, config=None,
                                client_keys=[key]) as connection:
        await check_echo(*await connection.open_unix_connection(target), data)
        say('step', name='direct')
        listener = await connection.forward_remote_path(listening, target)
        await check_echo(*await asyncio.open_unix_connection(listening), data)
        listener.close()
        await listener.wait_closed()
        assert not os.path.lexists(listening), 'the file is left behind'
        say('step', name='remote')
        listener = await connection.start_unix_server(lambda: echo, listening, encoding=None)
        await check_echo(*await asyncio.open_unix_connection(listening), data)
        listener.close()
        await listener.wait_closed()
        say('step', name='stream')
    path_server.close()
    say('result', ok=True)


asyncio.run({'server': server, 'client': client, 'commands': commands, 'sockets': sockets}[sys.argv[1]](*sys.argv[2:]))
