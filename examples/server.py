#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that lets alice in with any key of a file, forwards ports, and answers "echo TEXT". Her session waits for her when its
connection is cut.

   server.py PORT HOST-KEY AUTHORIZED-KEYS        then, in another terminal:
   ssh -p PORT alice@localhost echo hello
   ssh -p PORT -N -L 8080:localhost:80 alice@localhost
"""
import sys
import gi
gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib

# First she asks whether a key would do, then she comes with the proof that it is hers, which the library has checked.
KEY = (DevSsh.AuthenticationType.CLIENT_PUBLIC_KEY_QUERY, DevSsh.AuthenticationType.CLIENT_PUBLIC_KEY)


def is_authorized(key, text):
    for line in text.splitlines():
        try:
            if DevSsh.KeyPair.import_data(GLib.Bytes.new(line), DevSsh.KeyFormat.SSH, None).equal(key):
                return True
        except GLib.Error:
            pass        # a comment, or a key of another kind
    return False


def authenticating(server, session, who):
    if who.get_user_name() != 'alice' or who.get_authentication_type() not in KEY:
        return False

    def read(file, result):                                     # the answer comes later
        try:
            yes = is_authorized(who.get_public_key(), file.load_contents_finish(result)[1])
        except GLib.Error:
            yes = False
        who.accept() if yes else who.reject()

    Gio.File.new_for_path(sys.argv[3]).load_contents_async(None, read)
    return True


def requested(server, session, request):
    """Port forwarding is a plugin: it is opened when the first request comes, and asks here."""
    request.complete(True)
    return True


def channel_requested(channel, request):
    command = request.dup_command() or ''
    if request.get_request_type() != 'exec' or not command.startswith('echo '):
        return False
    request.complete(True)
    channel.send_async(GLib.Bytes.new(command.removeprefix('echo ').encode() + b'\n'), None,
                       lambda channel, result: channel.close_with_status(0))
    return True


def channel_opening(server, session, opening):
    opening.get_channel().connect('request', channel_requested)
    opening.accept()
    return True


if len(sys.argv) != 4:
    sys.exit('usage: server.py PORT HOST-KEY AUTHORIZED-KEYS')
try:
    host_key = DevSsh.KeyPair.import_file(Gio.File.new_for_path(sys.argv[2]), DevSsh.KeyFormat.DEFAULT, None)
    credentials = DevSsh.ServerCredentials()
    credentials.add_key(host_key)
    config = DevSsh.SessionConfig.new_with_reconnect()
    config.allow_plugins([DevSsh.SERVICE_NAME_PORT_FORWARDING])
    server = DevSsh.Server.new(config, credentials)
    server.connect('session-authenticating', authenticating)
    server.connect('session-request', requested)
    server.connect('session-channel-opening', channel_opening)
    port = server.listen(None, int(sys.argv[1]))
except GLib.Error as error:
    sys.exit(f'server: {error.message}')
print(f'listening on port {port}, host key {host_key.dup_fingerprint()}', flush=True)
GLib.MainLoop().run()
