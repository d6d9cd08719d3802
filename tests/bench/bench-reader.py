#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a channel as a stream, 64 KiB of bytes at a time.

   bench-reader.py devssh|devssh-async|asyncssh PORT BYTES
   bench-reader.py asyncssh-pair 0 BYTES                  with a server of its own, a process on the other core

Says "r" when it begins and "k" when it has all; "-" if it lacks the library.
"""
import multiprocessing
import os
import sys

READ_SIZE = 64 * 1024
CORES = os.sched_getaffinity(0)
CIPHER = 'aes256-gcm@openssh.com'


def say(word):
    os.write(1, word)


def check(total, wanted):
    if total != wanted:
        sys.exit(f'bench-reader: {total} bytes came, not {wanted}')
    say(b'k')


async def open_channel(DevSsh, port):
    config = DevSsh.SessionConfig()
    config.set_encryption_algorithms([CIPHER])
    session = await DevSsh.Client.new(config).connect_to_host_async('127.0.0.1', port)
    session.connect('authenticating', lambda session, server: server.accept() or True)
    me = DevSsh.ClientCredentials.new('bench')
    me.add_key(DevSsh.KeyPair.generate('ssh-ed25519', 0))
    assert await session.authenticate_async(me)
    # The channel would not hold its session.
    return session, await session.open_channel_async()


def with_devssh(port, wanted):
    """GIO's own stream, waited for at each read."""
    import gi
    gi.require_version('DevSsh', '1')
    from gi.repository import DevSsh
    session, channel = DevSsh.run(open_channel(DevSsh, port))
    stream = DevSsh.ChannelStream.new(channel)
    source = stream.get_input_stream()
    say(b'r')
    channel.exec_async(f'bench-send {wanted}', None, None)
    total = 0
    while data := source.read_bytes(READ_SIZE).get_data():
        total += len(data)
    check(total, wanted)


def with_devssh_async(port, wanted):
    """Awaited."""
    import gi
    gi.require_version('DevSsh', '1')
    from gi.repository import DevSsh

    async def main():
        session, channel = await open_channel(DevSsh, port)
        say(b'r')
        await channel.exec_async(f'bench-send {wanted}')
        total = 0
        while data := await channel.read(READ_SIZE):
            total += len(data)
        check(total, wanted)
    DevSsh.run(main())


def import_asyncssh():
    import warnings
    warnings.simplefilter('ignore')
    import asyncssh
    return asyncssh


def with_asyncssh(port, wanted):
    import asyncio
    asyncssh = import_asyncssh()

    async def main():
        async with asyncssh.connect('127.0.0.1', port, username='bench', known_hosts=None, config=None, agent_path=None,
                                    client_keys=[asyncssh.generate_private_key('ssh-ed25519')],
                                    encryption_algs=[CIPHER]) as connection:
            say(b'r')
            process = await connection.create_process(f'bench-send {wanted}', encoding=None)
            total = 0
            while data := await process.stdout.read(READ_SIZE):
                total += len(data)
            check(total, wanted)
    asyncio.run(main())


def serve_asyncssh(port):
    """Lets everybody in, and sends so many bytes."""
    import asyncio
    asyncssh = import_asyncssh()
    block = bytes(READ_SIZE)

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username):
            return False

    async def send(process):
        for _ in range(int(process.command.split()[1]) // len(block)):
            process.stdout.write(block)
            await process.stdout.drain()
        process.exit(0)

    async def main():
        listener = await asyncssh.create_server(
            Server, '127.0.0.1', 0, server_host_keys=[asyncssh.generate_private_key('ssh-ed25519')], process_factory=send,
            encoding=None, encryption_algs=[CIPHER])
        port.put(listener.sockets[0].getsockname()[1])
        await asyncio.Event().wait()
    os.sched_setaffinity(0, {min(CORES)})
    asyncio.run(main())


def with_asyncssh_pair(port, wanted):
    import_asyncssh()
    port = multiprocessing.SimpleQueue()
    multiprocessing.Process(target=serve_asyncssh, args=(port,), daemon=True).start()
    with_asyncssh(port.get(), wanted)


READERS = {'devssh': with_devssh, 'devssh-async': with_devssh_async, 'asyncssh': with_asyncssh,
           'asyncssh-pair': with_asyncssh_pair}

if __name__ == '__main__':
    os.sched_setaffinity(0, {max(CORES)})
    try:
        READERS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
    except (ImportError, ValueError):
        say(b'-')
        raise
