// SPDX-License-Identifier: LGPL-2.1-or-later
// JavaScript's view of DevSsh: an operation without a callback returns a promise.
/* exported _init */

const {Gio} = imports.gi;

// Not PortForwarder's: what an interface promises is found on each class that implements it, out of our reach.
// Static ones (KeyPair.generate_async) stand on the class, the others on its prototype.
const OPERATIONS = {
    Channel: ['close', 'exec', 'pipe', 'request', 'send', 'send_extended', 'splice', 'wait_closed'],
    Client: ['connect', 'connect_to_host', 'reconnect'],
    ClientSession: ['authenticate', 'authenticate_client', 'authenticate_server', 'query_public_key', 'reconnect'],
    KeyPair: ['export_private', 'export_private_file', 'export_public_file', 'generate', 'import_data', 'import_file'],
    KnownHosts: ['add', 'hash', 'load_default', 'load_file', 'refresh', 'remove'],
    MultiChannelStream: ['accept_channel', 'accept_stream', 'close', 'connect', 'connect_and_run_until_closed',
        'open_channel', 'open_stream'],
    SecureStream: ['connect', 'reconnect'],
    Server: ['stop'],
    Service: ['ask'],
    Session: ['accept_channel', 'close', 'connect', 'connect_to_forwarded_port', 'connect_to_forwarded_socket',
        'forward_from_remote_port', 'forward_to_remote_port', 'open_channel', 'open_channel_full',
        'open_channel_with_request', 'pipe', 'request', 'request_service', 'stream_from_remote_port', 'stream_to_remote_port',
        'wait_closed', 'wait_for_forwarded_port', 'wait_for_forwarded_socket', 'wait_until_reconnect_enabled'],
};

function _init() {
    for (const [name, operations] of Object.entries(OPERATIONS)) {
        for (const operation of operations) {
            const start = `${operation}_async`;
            const owner = start in this[name] ? this[name] : this[name].prototype;
            const finish = `${operation.replace(/_full$/, '')}_finish`;
            Gio._promisify(owner, start, finish);
        }
    }
    // As GJS itself does for Gio.ListStore.
    this.PluginRegistry.prototype[Symbol.iterator] = function* () {
        for (let i = 0; i < this.get_n_items(); i++)
            yield this.get_item(i);
    };
}
