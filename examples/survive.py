#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forwards a port in a session that survives: when its connection is cut, it gets another one, and who uses the port waits.

   survive.py HOST PORT USER KEY-FILE HOST-FINGERPRINT LISTEN-PORT TARGET-HOST TARGET-PORT
"""
import sys
import gi
gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib

host, port, user, key_file, fingerprint, listen, target, target_port = sys.argv[1:9]
loop = GLib.MainLoop()


def wait(call, *args):
    results = []
    call(*args, None, lambda source, result: (results.append(result), loop.quit()))
    while not results:
        loop.run()
    return results[0]


def reconnect(session):
    client.reconnect_async(session, None, reconnected, session)


def reconnected(client, result, session):
    try:
        client.reconnect_finish(result)
        print('connected again', flush=True)
    except GLib.Error:                              # the network is not back yet
        GLib.timeout_add_seconds(1, reconnect, session)


# Not the end: channels, forwarded ports and what was sent are kept, here and at the server.
def disconnected(session, error):
    print(error.message, flush=True)
    reconnect(session)


config = DevSsh.SessionConfig.new_with_reconnect()
config.allow_plugins([DevSsh.SERVICE_NAME_PORT_FORWARDING])
client = DevSsh.Client.new(config)
session = client.connect_to_host_finish(wait(client.connect_to_host_async, host, int(port)))
session.connect('authenticating', lambda session, server:
                server.get_public_key().dup_fingerprint() == fingerprint and (server.accept(None) or True))
session.connect('disconnected', disconnected)
session.connect('closed', lambda session, reason, text, error: loop.quit())
me = DevSsh.ClientCredentials.new(user)
me.add_key(DevSsh.KeyPair.import_file(Gio.File.new_for_path(key_file), 0, None, None))
if not session.authenticate_finish(wait(session.authenticate_async, me)):
    sys.exit('refused')
forwarded = session.forward_to_remote_port_finish(
    wait(session.forward_to_remote_port_async, '127.0.0.1', int(listen), target, int(target_port)))
print(f'forwarding port {forwarded.get_local_port()}', flush=True)
while not session.get_is_closed():
    loop.run()
sys.exit('the session is over')
