#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do the floors hold? Reads the plan in libdevssh/meson.build and every #include, and says who climbs.

  test-floors.py [ROOT]     check a tree (this one by default) and this program itself; prints TAP

The rules are in RULES below, one function each: it gets the House and yields (file, line, message).
The second half of the file builds small houses with one fault each and expects that fault to be found.
"""
import os
import re
import sys
import tempfile
from pathlib import Path

# Floors on one line of the plan: they stand side by side and do not see each other.
NEIGHBOURS = [{'auth', 'connection'}, {'stream', 'net'}]
# Bytes in, bytes out, the time as a parameter: no socket, clock or main loop (decision D1).
SANS_IO = ['transport', 'auth', 'connection']

SOURCES = ('.c', '.h', '.h.in')
# Everything that somebody maintains as code, in every folder.
MAINTAINED = ('.c', '.h', '.in', '.py', '.js', '.mjs', '.vala', '.sh', '.build', '.plugin', '.supp')
SKIPPED_FOLDERS = {'.git', 'node_modules', '__pycache__', 'vectors', 'corpus', 'subprojects'}

SOCKET_HEADERS = re.compile(r'sys/(socket|epoll|un)\.h|netinet/.*|arpa/inet\.h|netdb\.h'
                            r'|gio/gnetworking\.h|gio/gunixsocketaddress\.h|gio/gunixconnection\.h')
SOCKET_WORDS = re.compile(r'\b(GSocket\w*|g_socket_\w+|GTcp\w+|g_tcp_\w+|GUnixConnection|GUnixSocket\w+'
                          r'|GInet\w+|g_inet_\w+|GNetwork\w+|g_network_\w+|GResolver\w*|g_resolver_\w+'
                          r'|GProxy\w*|epoll_\w+)\b')
LOOP_WORDS = re.compile(r'\b(GMain(Loop|Context)|GSource(Funcs)?|g_main_\w+|g_source_\w+|g_idle_\w+'
                        r'|g_timeout_\w+|g_get_(monotonic|real|current)_time|g_date_time_new_now\w*'
                        r'|clock_gettime|gettimeofday|time \(NULL\)'
                        r'|GIOStream|GInputStream|GOutputStream|GPollable\w*|g_usleep)\b')
# Up to the next statement, which is enough: what it checks stands in one.
ASSERTION = re.compile(r'\bg_assert \(([^;]*);')
CALL = re.compile(r'\b(\w*[a-z]\w*) \(')   # macros in capitals go
COMPARISON = re.compile(r'\b(memcmp|strn?cmp|g_strcmp0|g_str_equal|g_bytes_(equal|compare)) \('
                        r'[^;()]*\b\w*(password|passphrase|secret|token|session_id)\b')
WITHOUT_EFFECT = {'sizeof', 'devssh_reader_ok'}
UNFINISHED = re.compile(r'\b(' + 'TO' + 'DO|FIX' + r'ME)\b')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
# Comments go, their line breaks stay; strings are kept, so that "/*" in one opens nothing.
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
SPDX = 'SPDX-License-Identifier:'


def blank_comments(text):
    def blank(match):
        found = match.group(0)
        return '\n' * found.count('\n') + ' ' if found.startswith('/') else found
    return COMMENT_OR_STRING.sub(blank, text)


class File:
    """One source file: where it stands, its text, and what it includes."""

    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.parts = self.name.split('/')
        self.text = path.read_text(encoding='utf-8', errors='replace')
        self.is_source = self.name.endswith(SOURCES)
        self.code = blank_comments(self.text) if self.is_source else self.text
        self.is_private = self.name.removesuffix('.in').endswith('-private.h')
        self.is_public_header = self.name.removesuffix('.in').endswith('.h') and not self.is_private
        # The floor in libdevssh/, or '' outside and for the umbrella.
        self.floor = self.parts[1] if self.parts[0] == 'libdevssh' and len(self.parts) > 2 else ''

    def line_of(self, position):
        return self.code.count('\n', 0, position) + 1

    def includes(self):
        """Yields (line, bracket, path)."""
        if self.is_source:
            for match in INCLUDE.finditer(self.code):
                yield self.line_of(match.start(1)), match.group(1), match.group(2)

    def words(self, pattern):
        for match in pattern.finditer(self.code):
            yield self.line_of(match.start()), match.group(0)


class House:
    def __init__(self, root):
        self.root = Path(root)
        plan = self.root / 'libdevssh' / 'meson.build'
        self.floors = re.findall(r"^subdir\('([^']+)'\)", plan.read_text(encoding='utf-8'), re.M)
        self.files = [File(self.root, path) for path in sorted(self.walk())]
        self.sources = [file for file in self.files if file.is_source]

    def walk(self):
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders
                          if name not in SKIPPED_FOLDERS and not name.startswith(('build', '_build'))]
            for name in names:
                path = Path(folder) / name
                if path.is_symlink():
                    continue
                if name.endswith(MAINTAINED) or ('.' not in name and self.is_script(path)):
                    yield path

    @staticmethod
    def is_script(path):
        with open(path, 'rb') as stream:
            return stream.read(2) == b'#!'

    def height(self, floor):
        return self.floors.index(floor)

    def below(self, floor, limit):
        """Is this floor below the one called limit? False outside the library."""
        return floor in self.floors and self.height(floor) < self.height(limit)


def rule_plan(house):
    """every folder is in the plan, once, and the plan has the floors that the rules name"""
    plan = 'libdevssh/meson.build'
    named = {'crypto', 'keys', 'service', 'session', *SANS_IO}.union(*NEIGHBOURS)
    for floor in sorted(named - set(house.floors)):
        yield plan, 0, f"no subdir('{floor}')"
    for floor in sorted({floor for floor in house.floors if house.floors.count(floor) > 1}):
        yield plan, 0, f"subdir('{floor}') twice"
    for floor in sorted({file.floor for file in house.files if file.floor} - set(house.floors)):
        yield plan, 0, f"libdevssh/{floor}/ is not in the plan"


def rule_floors(house):
    """a floor includes only floors below it, and not its neighbour"""
    for file in house.sources:
        if file.floor not in house.floors:
            continue
        for line, _, path in file.includes():
            parts = path.split('/')
            if parts[0] != 'libdevssh':
                continue
            if len(parts) < 3:
                yield file.name, line, f"<{path}> is for programs; include what you need from its floor"
            elif parts[1] not in house.floors:
                yield file.name, line, f"<{path}> is on no floor"
            elif parts[1] == file.floor:
                continue
            elif {parts[1], file.floor} in NEIGHBOURS:
                yield file.name, line, f"{file.floor} and {parts[1]} are neighbours: <{path}>"
            elif house.height(parts[1]) > house.height(file.floor):
                yield file.name, line, f"{file.floor} is below {parts[1]}: <{path}>"


def rule_written_from_the_root(house):
    """includes of our own are written from the root, and exist"""
    present = {file.name.removesuffix('.in') for file in house.sources}
    for file in house.sources:
        for line, bracket, path in file.includes():
            if bracket == '"' and file.parts[0] == 'libdevssh':
                yield file.name, line, f'"{path}": write <libdevssh/FLOOR/{path.split("/")[-1]}>'
            # What the umbrella names and nobody has, the compiler reports.
            if path.startswith('libdevssh/') and path not in present and file.floor:
                yield file.name, line, f"<{path}> does not exist"


def rule_umbrella(house):
    """the umbrella has every public header, and nothing private"""
    umbrella = next((file for file in house.sources if file.name == 'libdevssh/devssh.h'), None)
    if umbrella is None:
        yield 'libdevssh/devssh.h', 0, 'is missing'
        return
    # What another public header brings along counts.
    listed = {path for file in house.sources if file.is_public_header for _, _, path in file.includes()}
    for file in house.sources:
        if file.floor and file.is_public_header and file.name.removesuffix('.in') not in listed:
            yield umbrella.name, 0, f"does not include <{file.name.removesuffix('.in')}>"


def rule_listed(house):
    """every .c and its public header is listed in its floor's meson.build"""
    present = {file.name for file in house.sources}
    for file in house.sources:
        if file.floor not in house.floors or file.is_private:
            continue
        if f"{file.name.rsplit('.', 1)[0]}.c" not in present:
            continue
        folder = '/'.join(file.parts[:2])
        plan = house.root / folder / 'meson.build'
        inside = '/'.join(file.parts[2:])
        if not plan.exists() or f"'{inside}'" not in plan.read_text(encoding='utf-8'):
            yield file.name, 0, f"is not listed in {folder}/meson.build"


def rule_public_headers(house):
    """public headers include no private ones"""
    for file in house.sources:
        if file.parts[0] == 'libdevssh' and file.is_public_header:
            for line, _, path in file.includes():
                if path.endswith('-private.h'):
                    yield file.name, line, f"<{path}> is private"


def rule_openssl(house):
    """OpenSSL is for crypto (and the decoders of keys)"""
    for file in house.sources:
        if file.parts[0] in ('libdevssh', 'plugins') and file.floor not in ('crypto', 'keys'):
            for line, _, path in file.includes():
                if path.startswith('openssl/'):
                    yield file.name, line, f"<{path}> outside crypto and keys"


def rule_libdl(house):
    """libdl is for service"""
    for file in house.sources:
        if file.parts[0] in ('libdevssh', 'plugins') and file.floor != 'service':
            for line, _, path in file.includes():
                if path in ('dlfcn.h', 'gmodule.h'):
                    yield file.name, line, f"<{path}> outside service"


def rule_sockets(house):
    """no socket below session"""
    for file in house.sources:
        if house.below(file.floor, 'session'):
            for line, _, path in file.includes():
                if SOCKET_HEADERS.fullmatch(path):
                    yield file.name, line, f"<{path}> below session"
            for line, word in file.words(SOCKET_WORDS):
                yield file.name, line, f"{word} below session"


def rule_sans_io(house):
    """transport, auth and connection know no stream, clock or main loop"""
    for file in house.sources:
        if file.floor in SANS_IO:
            for line, word in file.words(LOOP_WORDS):
                yield file.name, line, f"{word} in {file.floor}, which does no I/O and is told the time"


def rule_plugins(house):
    """plugins see <libdevssh/devssh.h> and their own folder"""
    present = {file.name for file in house.sources}
    for file in house.sources:
        if file.parts[0] != 'plugins':
            continue
        folder = '/'.join(file.parts[:-1])
        for line, bracket, path in file.includes():
            if path.startswith('libdevssh/') and path != 'libdevssh/devssh.h':
                yield file.name, line, f"<{path}>: a plugin gets <libdevssh/devssh.h>, as strangers do"
            if bracket == '"' and os.path.normpath(f'{folder}/{path}') not in present:
                yield file.name, line, f'"{path}" is not in {folder}/'


def rule_assertions(house):
    """g_assert() does nothing but look: a build with G_DISABLE_ASSERT has none"""
    for file in house.sources:
        if file.parts[0] in ('libdevssh', 'plugins'):
            for match in ASSERTION.finditer(file.code):
                for name in sorted(set(CALL.findall(match.group(1))) - WITHOUT_EFFECT):
                    yield file.name, file.line_of(match.start()), f"{name} () in g_assert ()"


def rule_secrets(house):
    """secrets are compared in constant time (T-39)"""
    for file in house.sources:
        if file.parts[0] in ('libdevssh', 'plugins'):
            for line, text in file.words(COMPARISON):
                yield file.name, line, f"{text}: compare with devssh_secret_equal ()"


def rule_spdx(house):
    """every file opens with its SPDX line; a source with a sentence behind it"""
    for file in house.files:
        lines = file.text.split('\n')
        first = 1 if lines[0].startswith('#!') else 0
        if len(lines) <= first or SPDX not in lines[first]:
            yield file.name, first + 1, f"no {SPDX} line"
        elif (file.is_source and file.parts[0] in ('libdevssh', 'plugins')
              and not lines[first + 1].startswith(('/*', '//'))):
            yield file.name, first + 2, "no sentence that says what the file is for"


def rule_finished(house):
    """nothing is left for later by its own words"""
    for file in house.files:
        for number, text in enumerate(file.text.split('\n'), 1):
            match = UNFINISHED.search(text)
            if match:
                yield file.name, number, match.group(0)


def rule_cited(house):
    """what comments cite stands in docs/: threats.md, edge-cases.md, protocol.md, and the design in decisions/README.md"""
    def known(name, pattern):
        path = house.root / 'docs' / name
        return set(re.findall(pattern, path.read_text(encoding='utf-8'), re.M)) if path.exists() else set()

    documents = {path.name for pattern in ['docs/**/*.md', '*.md'] for path in house.root.glob(pattern)}
    citations = [
        (re.compile(r'\bT-\d+'), known('threats.md', r'^\| (T-\d+) \|'), 'docs/threats.md'),
        (re.compile(r'\bE-\d+'), known('edge-cases.md', r'^\| (E-\d+) \|'), 'docs/edge-cases.md'),
        (re.compile(r'\bdesign (\w+)\b(?= |[.,:;)])'), known('decisions/README.md', r'^- \*\*(D\d+)\*\*'),
         'docs/decisions/README.md'),
        (re.compile(r'\bprotocol\.md (\d+(?:\.\d+)?)'),
         known('protocol.md', r'\*\*(\d+\.\d+)\*\*') | known('protocol.md', r'^## (\d+)'), 'docs/protocol.md'),
        (re.compile(r'\b([a-z-]+\.md)\b'), documents, 'this tree'),
        (re.compile(r'\bbehaviours? (\d+)\b'), set(), 'this tree'),
    ]
    for file in house.files:
        if file.parts[0] not in ('libdevssh', 'plugins', 'tests', 'examples', 'introspection', 'data'):
            continue
        if file.name == 'tests/test-floors.py':
            continue
        for pattern, there, where in citations:
            for match in pattern.finditer(file.text):
                cited = match.group(match.lastindex or 0)
                if pattern.pattern.startswith(r'\bdesign') and not re.fullmatch(r'D?\d+', cited):
                    continue
                if cited not in there:
                    line = file.text.count('\n', 0, match.start()) + 1
                    yield file.name, line, f"{match.group(0)} is not in {where}"


RULES = [value for name, value in list(globals().items()) if name.startswith('rule_')]


# The self-test: a small house in order, and one fault after the other.

PLAN = "\n".join(f"subdir('{floor}')" for floor in [
    'base', 'wire', 'crypto', 'keys', 'transport', 'auth', 'connection', 'service', 'session',
    'stream', 'net'])
TOP = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n/* What it is for. */\n'
HASH = '# SPDX-License-Identifier: LGPL-2.1-or-later\n'
SOUND = {
    'libdevssh/meson.build': HASH + PLAN,
    'libdevssh/devssh.h': TOP + '#include <libdevssh/base/devssh-types.h>\n',
    'libdevssh/base/meson.build': HASH + "files('devssh-types.h', 'devssh-types.c')",
    'libdevssh/base/devssh-types.h': TOP + '#include <gio/gio.h>\n',
    'libdevssh/base/devssh-types.c': TOP + '#include <libdevssh/base/devssh-types.h>\n',
    'libdevssh/transport/meson.build': HASH + "files('a.c')",
    'libdevssh/transport/a-private.h': TOP,
    'libdevssh/transport/a.c': TOP + '#include <libdevssh/transport/a-private.h>\n'
                                     '/* #include <libdevssh/session/no.h>, no GSocket here */\n'
                                     'const char *text = "/* not a comment";\n',
    'libdevssh/session/meson.build': HASH + "files('s.c')",
    'libdevssh/session/s.c': TOP + '#include <sys/epoll.h>\n#include <libdevssh/transport/a-private.h>\n',
    'plugins/echo/echo.c': TOP + '#include <libdevssh/devssh.h>\n#include "echo.h"\n',
    'plugins/echo/echo.h': TOP,
    'tests/run': '#!/bin/sh\n' + HASH,
    'docs/threats.md': '| T-01 | what | answer |\n',
    'docs/edge-cases.md': '| E-01 | case |\n',
    'docs/protocol.md': '## 1. One\n\n**1.1** Two\n',
    'docs/decisions/README.md': '- **D1** What was decided.\n',
    'libdevssh/session/cites-private.h': TOP + '/* T-01, E-01, design D1, protocol.md 1.1, protocol.md 1 */\n',
}
A_C = SOUND['libdevssh/transport/a.c']
S_C = SOUND['libdevssh/session/s.c']
ECHO_C = SOUND['plugins/echo/echo.c']
TYPES_H = SOUND['libdevssh/base/devssh-types.h']
FAULTS = [
    # (rule, changed or added files)
    (rule_plan, {'libdevssh/meson.build': HASH + PLAN.replace("subdir('keys')\n", '')}),
    (rule_plan, {'libdevssh/meson.build': HASH + PLAN + "\nsubdir('base')"}),
    (rule_plan, {'libdevssh/attic/a-private.h': TOP}),
    (rule_floors, {'libdevssh/transport/a.c': A_C + '#include <libdevssh/session/b-private.h>',
                   'libdevssh/session/b-private.h': TOP}),
    (rule_floors, {'libdevssh/transport/a.c': A_C + '# include <libdevssh/auth/b-private.h>',
                   'libdevssh/auth/b-private.h': TOP}),
    (rule_floors, {'libdevssh/transport/a.c': A_C + '#include <libdevssh/devssh.h>'}),
    (rule_floors, {'libdevssh/auth/a-private.h': TOP + '#include <libdevssh/connection/b-private.h>',
                   'libdevssh/connection/b-private.h': TOP}),
    (rule_floors, {'libdevssh/connection/b-private.h': TOP + '#include <libdevssh/auth/a-private.h>',
                   'libdevssh/auth/a-private.h': TOP}),
    (rule_floors, {'libdevssh/net/a-private.h': TOP + '#include <libdevssh/stream/b-private.h>',
                   'libdevssh/stream/b-private.h': TOP}),
    (rule_written_from_the_root, {'libdevssh/transport/a.c': A_C + '#include "a-private.h"'}),
    (rule_written_from_the_root, {'libdevssh/transport/a.c': A_C + '#include <libdevssh/base/no.h>'}),
    (rule_umbrella, {'libdevssh/devssh.h': TOP}),
    (rule_listed, {'libdevssh/session/forgotten.c': TOP}),
    (rule_listed, {'libdevssh/base/meson.build': HASH + "files('devssh-types.c')"}),
    (rule_public_headers, {'libdevssh/base/devssh-types.h': TYPES_H +
                           '#include <libdevssh/base/b-private.h>', 'libdevssh/base/b-private.h': TOP}),
    (rule_openssl, {'libdevssh/transport/a.c': A_C + '#include <openssl/evp.h>'}),
    (rule_openssl, {'plugins/echo/echo.c': ECHO_C + '#include <openssl/evp.h>'}),
    (rule_libdl, {'libdevssh/session/s.c': S_C + '#include <dlfcn.h>'}),
    (rule_sockets, {'libdevssh/base/devssh-types.c': TOP + '#include <sys/socket.h>'}),
    (rule_sockets, {'libdevssh/base/devssh-types.c': TOP + '#include <sys/epoll.h>'}),
    (rule_sockets, {'libdevssh/transport/a.c': A_C + 'GSocket *socket;'}),
    (rule_sans_io, {'libdevssh/transport/a.c': A_C + 'gint64 now = g_get_monotonic_time ();'}),
    (rule_sans_io, {'libdevssh/auth/a-private.h': TOP + 'GMainContext *context;'}),
    (rule_sans_io, {'libdevssh/connection/a-private.h': TOP + 'GSource *source;'}),
    (rule_sans_io, {'libdevssh/connection/a-private.h': TOP + 'GMainLoop *loop;'}),
    (rule_plugins, {'plugins/echo/echo.c': ECHO_C + '#include <libdevssh/base/devssh-types.h>'}),
    (rule_plugins, {'plugins/echo/echo.c': ECHO_C + '#include "../other/other.h"'}),
    (rule_assertions, {'libdevssh/session/s.c': S_C + 'g_assert (i > 0 &&\n          set (i) == 1);'}),
    (rule_secrets, {'libdevssh/session/s.c': S_C + 'return g_strcmp0 (given, self->password) == 0;'}),
    (rule_secrets, {'libdevssh/session/s.c': S_C + 'return memcmp (peer_token, ours, 32) == 0;'}),
    (rule_secrets, {'libdevssh/session/s.c': S_C + 'return g_bytes_equal (session_id, other);'}),
    (rule_spdx, {'libdevssh/session/s.c': '/* What it is for. */\n'}),
    (rule_spdx, {'libdevssh/session/s.c': TOP.split('\n')[0] + '\nint i;\n'}),
    (rule_spdx, {'tests/run': '#!/bin/sh\necho\n'}),
    (rule_finished, {'libdevssh/session/s.c': S_C + '/* TO' + 'DO: the rest */'}),
    (rule_cited, {'libdevssh/session/s.c': S_C + '/* T-99 */'}),
    (rule_cited, {'libdevssh/session/s.c': S_C + '/* E-%d */' % 99}),
    (rule_cited, {'libdevssh/session/s.c': S_C + '/* design D99 */'}),
    (rule_cited, {'libdevssh/session/s.c': S_C + '/* design 3 */'}),
    (rule_cited, {'libdevssh/session/s.c': S_C + '/* protocol.md 1.99 */'}),
    (rule_cited, {'libdevssh/session/s.c': S_C + '/* elsewhere.md */'}),
    (rule_finished, {'plugins/echo/echo.c': ECHO_C + '/* FIX' + 'ME */'}),
]


def violations(root):
    house = House(root)
    return [(rule, *fault) for rule in RULES for fault in rule(house)]


def violations_of(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
        return violations(folder)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    failed = 0
    number = 0

    def report(passed, name, details=()):
        nonlocal failed, number
        number += 1
        failed += not passed
        print(f"{'ok' if passed else 'not ok'} {number} {name}")
        for detail in details:
            print(f"# {detail}")
            print(detail, file=sys.stderr)    # meson shows only this of a failed test

    print(f"1..{len(RULES) + 1 + len(FAULTS)}")
    found = violations(root)
    for rule in RULES:
        mine = [fault[1:] for fault in found if fault[0] is rule]
        report(not mine, f"/floors/{rule.__name__.removeprefix('rule_').replace('_', '-')}",
               [rule.__doc__] * bool(mine) + [f"{name}:{line}: {message}" for name, line, message in mine])

    unexpected = violations_of(SOUND)
    report(not unexpected, '/self-test/sound', unexpected)
    for index, (rule, change) in enumerate(FAULTS):
        found = violations_of({**SOUND, **change})
        rules = {fault[0] for fault in found}
        report(rules == {rule}, f"/self-test/fault/{rule.__name__.removeprefix('rule_')}/{index}",
               [] if rules == {rule} else [f"expected {rule.__name__}, found {found}"])
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
