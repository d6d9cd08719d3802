#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
// A server that lets alice in with any key of a file, forwards ports, and answers "echo TEXT". Her session waits for her when its
// connection is cut.
//
//   gjs -m server.js PORT HOST-KEY AUTHORIZED-KEYS        then, in another terminal:
//   ssh -p PORT alice@localhost echo hello
//   ssh -p PORT -N -L 8080:localhost:80 alice@localhost
import DevSsh from 'gi://DevSsh?version=1';
import Gio from 'gi://Gio?version=2.0';
import GLib from 'gi://GLib?version=2.0';
import System from 'system';

Gio._promisify(Gio.File.prototype, 'load_contents_async');

const {AuthenticationType, KeyFormat, KeyPair} = DevSsh;
// First she asks whether a key would do, then she comes with the proof that it is hers, which the library has checked.
const KEY = [AuthenticationType.CLIENT_PUBLIC_KEY_QUERY, AuthenticationType.CLIENT_PUBLIC_KEY];

function isAuthorized(key, text) {
    return text.split('\n').some(line => {
        try {
            return KeyPair.import_data(new TextEncoder().encode(line), KeyFormat.SSH, null).equal(key);
        } catch {
            return false;       // a comment, or a key of another kind
        }
    });
}

// The answer comes later, and there is one in every case: a question that is merely dropped waits for the garbage collector.
async function decide(who, file) {
    try {
        const [contents] = await file.load_contents_async(null);
        if (isAuthorized(who.get_public_key(), new TextDecoder().decode(contents)))
            who.accept(null);
        else
            who.reject();
    } catch {
        who.reject();
    }
}

function serve(port, hostKeyFile, authorizedKeys) {
    const hostKey = KeyPair.import_file(Gio.File.new_for_path(hostKeyFile), KeyFormat.DEFAULT, null, null);
    const credentials = new DevSsh.ServerCredentials();
    credentials.add_key(hostKey);
    const config = DevSsh.SessionConfig.new_with_reconnect();
    config.allow_plugins([DevSsh.SERVICE_NAME_PORT_FORWARDING]);
    const server = DevSsh.Server.new(config, credentials);

    server.connect('session-authenticating', (_, session, who) => {
        if (who.get_user_name() !== 'alice' || !KEY.includes(who.get_authentication_type()))
            return false;
        decide(who, Gio.File.new_for_path(authorizedKeys));
        return true;
    });
    // Port forwarding is a plugin: it is opened when the first request comes, and asks here.
    server.connect('session-request', (_, session, request) => {
        request.complete(true);
        return true;
    });
    server.connect('session-channel-opening', (_, session, opening) => {
        opening.get_channel().connect('request', answer);
        opening.accept();
        return true;
    });
    print(`listening on port ${server.listen(null, Number(port))}, host key ${hostKey.dup_fingerprint()}`);
    return server;
}

function answer(channel, request) {
    const text = request.get_request_type() === 'exec' && request.dup_command()?.match(/^echo (.*)$/s)?.[1];
    if (typeof text !== 'string')
        return false;
    request.complete(true);
    channel.send_async(new TextEncoder().encode(`${text}\n`), null, () => channel.close_with_status(0));
    return true;
}

if (System.programArgs.length !== 3) {
    printerr('usage: gjs -m server.js PORT HOST-KEY AUTHORIZED-KEYS');
    System.exit(2);
}
try {
    globalThis.server = serve(...System.programArgs);       // what nobody keeps, goes
} catch (error) {
    printerr(`server: ${error.message}`);
    System.exit(1);
}
new GLib.MainLoop(null, false).run();
