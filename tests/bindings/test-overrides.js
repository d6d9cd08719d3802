// SPDX-License-Identifier: LGPL-2.1-or-later
// JavaScript's promises, and that no operation was forgotten: test-overrides.js GIR. Prints TAP.
imports.gi.versions.DevSsh = '1';
const {DevSsh, Gio, GLib} = imports.gi;
const System = imports.system;

// [class, method] of every foo_async in the GIR.
function* operations() {
    const gir = new TextDecoder().decode(GLib.file_get_contents(ARGV[0])[1]);
    for (const [, tag, name, body] of gir.matchAll(/<(class|interface|record) name="(\w+)"(.*?)\n {4}<\/\1>/gs)) {
        for (const [, method] of body.matchAll(/<(?:method|function|constructor) name="(\w+_async)"/g))
            yield [tag, name, method];
    }
}

const tests = {
    'every-operation'() {
        const all = [...operations()];
        const forgotten = all.filter(([, name, method]) => {
            const owner = method in DevSsh[name] ? DevSsh[name] : DevSsh[name].prototype;
            return String(owner[method]).includes('wrapper for native symbol');
        });
        if (forgotten.length)
            throw new Error(`without a promise: ${forgotten.join(' ')}`);
        return all.length > 50 && all.some(([tag]) => tag === 'interface');
    },

    async 'promise'() {
        const key = await DevSsh.KeyPair.generate_async('ssh-ed25519', 0, null);
        return key.get_algorithm() === 'ssh-ed25519';
    },

    async 'error'() {
        try {
            await DevSsh.KeyPair.generate_async('no-such-algorithm', 0, null);
        } catch (error) {
            return error instanceof DevSsh.Error && error.code === DevSsh.Error.UNSUPPORTED;
        }
        return false;
    },

    async 'cancelled'() {
        const cancellable = new Gio.Cancellable();
        const promise = DevSsh.KeyPair.generate_async('ssh-rsa', 2048, cancellable);
        cancellable.cancel();
        try {
            await promise;
        } catch (error) {
            return error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        }
        return false;
    },

    async 'cancellable-left-out'() {
        const key = await DevSsh.KeyPair.generate_async('ssh-ed25519', 0);
        const text = await key.export_private_async(DevSsh.KeyFormat.JWK, null);
        return (await DevSsh.KeyPair.import_data_async(text, DevSsh.KeyFormat.JWK, null)).equal(key);
    },

    // Nothing but the cancellable: a number that is missing would be taken for 0.
    async 'argument-forgotten'() {
        try {
            await DevSsh.KeyPair.generate_async('ssh-ed25519');
        } catch (error) {
            return error instanceof TypeError;
        }
        return false;
    },

    async 'bytes'() {
        const key = await DevSsh.KeyPair.generate_async('ssh-ed25519', 0);
        const text = await key.export_private_async(DevSsh.KeyFormat.JWK, null);
        return (await DevSsh.KeyPair.import_data_async(text.toArray(), DevSsh.KeyFormat.JWK, null)).equal(key);
    },

    async 'stack'() {
        const asked = async () => {
            await DevSsh.KeyPair.generate_async('no-such-algorithm', 0);
        };
        try {
            await asked();
        } catch (error) {
            return error.stack.includes('asked@');
        }
        return false;
    },

    async 'two-at-once'() {
        const keys = await Promise.all(['ssh-ed25519', 'ecdsa-sha2-nistp256'].map(
            algorithm => DevSsh.KeyPair.generate_async(algorithm, 0, null)));
        return keys.map(key => key.get_algorithm()).join() === 'ssh-ed25519,ecdsa-sha2-nistp256';
    },

    async 'keys'() {
        const folder = GLib.dir_make_tmp('devssh-keys-XXXXXX');
        const file = Gio.File.new_for_path(`${folder}/key`);
        const {KeyFileFlags, KeyFormat, KeyPair} = DevSsh;
        try {
            const key = await KeyPair.generate_async('ssh-ed25519', 0, null);
            await key.export_private_file_async(file, KeyFormat.OPENSSH, 'password', KeyFileFlags.NONE, null);
            try {
                await KeyPair.import_file_async(file, KeyFormat.DEFAULT, null, null);
                return false;
            } catch (error) {
                if (!error.matches(DevSsh.Error, DevSsh.Error.PASSPHRASE_REQUIRED))
                    throw error;
            }
            const again = await KeyPair.import_file_async(file, KeyFormat.DEFAULT, 'password', null);
            const text = await again.export_private_async(KeyFormat.JWK, null, null);
            return (await KeyPair.import_data_async(text, KeyFormat.JWK, null, null)).equal(key);
        } finally {
            file.delete(null);
            GLib.rmdir(folder);
        }
    },

    'run'() {
        return ran[0] === 'value' && ran[1].matches(DevSsh.Error, DevSsh.Error.UNSUPPORTED);
    },

    'callback'() {
        return new Promise(resolve => {
            DevSsh.KeyPair.generate_async('ssh-ed25519', 0, null, (source, result) => {
                resolve(DevSsh.KeyPair.generate_finish(result).get_algorithm() === 'ssh-ed25519');
            });
        });
    },
};

let failed = 0;

async function main() {
    let number = 0;
    print(`1..${Object.keys(tests).length}`);
    for (const [name, test] of Object.entries(tests)) {
        let passed = false;
        try {
            passed = await test();
        } catch (error) {
            printerr(error, error.stack);
        }
        failed += passed ? 0 : 1;
        print(`${passed ? 'ok' : 'not ok'} ${++number} /javascript/overrides/${name}`);
    }
}

// Where no promise is being settled already.
const ran = [DevSsh.run(Promise.resolve('value'))];
try {
    DevSsh.run(DevSsh.KeyPair.generate_async('no-such-algorithm', 0));
} catch (error) {
    ran.push(error);
}
DevSsh.run(main());
System.exit(failed ? 1 : 0);
