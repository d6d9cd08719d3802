// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes the declarations say what introspection/gjs/overrides/DevSsh.js does: finish.mjs devssh-1.d.ts
//
// ts-for-gir knows the promises of Gio._promisify(): none of a static operation, a cancellable that has to be there, and of a
// pair whose first half is a boolean the other half alone.
import {readFileSync, writeFileSync} from 'node:fs';

const START = /^( +(?:static )?(?!vfunc_)(\w+)_async\(.*), callback: Gio\.AsyncReadyCallback<.*> \| null\): void;$/;
const PROMISE = /^ +(\w+)_async\((?!.*\bcallback\b).*\): globalThis\.Promise<.*>;$/;
const FINISH = /^ +(?:static )?(\w+)_finish\(result: Gio\.AsyncResult\): (.*);$/;
const CLASS = /^ {4}(?:abstract )?(?:class|interface|namespace) (\w+)/;
const RUN = `

    /**
     * Runs the main context until \`promise\` is settled; what it has become is returned or thrown. For the outermost line of
     * a program: while no JavaScript is on the stack, GJS calls no handler that is given a GError.
     */
    export function run<T>(promise: globalThis.Promise<T>): T;`;

const [, , file] = process.argv;
const lines = readFileSync(file, 'utf8').split('\n');
let starts = [], promises = new Map(), types = new Map();       // of one class: lines by their number, what comes of an operation
let operations = 0;

function endClass() {
    for (const {name, number, text} of starts) {
        const type = types.get(name) ?? types.get(name.replace(/_full$/, ''));
        const optional = text.replace(/cancellable: Gio\.Cancellable \| null$/, 'cancellable?: Gio.Cancellable | null');
        const promise = `${optional}): globalThis.Promise<${type}>;`;
        if (type === undefined || optional === text)
            throw new Error(`${file}: what is ${text.trim()}?`);
        if (promises.has(name))
            lines[promises.get(name)] = promise;
        else
            lines[number] = `${promise}\n${lines[number]}`;
        operations++;
    }
    [starts, promises, types] = [[], new Map(), new Map()];
}

for (const [number, line] of lines.entries()) {
    const [, text, name] = START.exec(line) ?? [];
    const [, promised] = PROMISE.exec(line) ?? [];
    const [, finished, type] = FINISH.exec(line) ?? [];
    const [, opened] = CLASS.exec(line) ?? [];
    if (opened)
        endClass();
    if (line === 'export namespace DevSsh {')
        lines[number] += RUN;
    if (opened === 'PluginRegistry' && line.includes('class'))
        lines[number] += '\n        [Symbol.iterator](): IterableIterator<PluginInfo>;';
    if (name)
        starts.push({name, number, text});
    if (promised)
        promises.set(promised, number);
    if (finished)
        types.set(finished, type);
}
endClass();
if (operations === 0)
    throw new Error(`${file}: no operation was found; ts-for-gir writes them in another way now`);
writeFileSync(file, lines.join('\n'));
