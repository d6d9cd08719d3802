# SPDX-License-Identifier: LGPL-2.1-or-later
"""The blocks of code in docs/*.md, and what stands before them to say what becomes of them.

  <!-- file: NAME -->          a part of that file, in the order of the page
  <!-- run -->                 a command that has to end well; run: python, run: gjs, run: valac if it needs such a one
  <!-- serve -->               a program that runs until the page ends, and says when it is ready
  <!-- says -->                what the command before has said
"""
import re

MARK = re.compile(r'<!-- (file|run|serve|says)(?:: (\S+))? -->')
BLOCK = re.compile(r'(?:^(?P<mark><!--[^\n]*-->)\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$', re.M | re.S)


def blocks(text):
    """Yields (kind, argument, language, text) of every block of code."""
    for block in BLOCK.finditer(text):
        mark = MARK.fullmatch(block['mark'] or '')
        yield (mark[1] if mark else None, mark[2] if mark else None, block['language'], block['text'])


def add_part(folder, name, text, files):
    """Puts a part of a file below those that came before; files: the names of those that have a part already."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding='utf-8') + '\n' if name in files else ''
    path.write_text(before + text, encoding='utf-8')
    files.add(name)
