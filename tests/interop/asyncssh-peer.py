#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""asyncssh as a peer, with JSON lines.

   asyncssh-peer.py server HOST-KEY AUTHORIZED-KEYS PASSWORD REKEY-BYTES
   asyncssh-peer.py client PORT key|password KEY-OR-PASSWORD REKEY-BYTES BYTES
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


asyncio.run({'server': server, 'client': client}[sys.argv[1]](*sys.argv[2:]))
