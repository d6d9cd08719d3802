/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The encoded terminal modes of RFC 4254, 8: one row for each. */
#include "devssh-command-modes.h"

#include <stddef.h>
#include <unistd.h>

/* "Opcodes 160 to 255 are not yet defined, and cause parsing to stop"; below, each has a uint32. */
#define TTY_OP_END      0
#define TTY_OP_ISPEED   128
#define TTY_OP_OSPEED   129
#define FIRST_UNDEFINED 160
#define ARGUMENT_SIZE   4

/* "255 if none" */
#define NO_CHARACTER    255

typedef enum
{
  UNKNOWN,
  CHARACTER,
  FLAG,
  SIZE       /* of characters: no bit, but one value of a field */
} Kind;

typedef struct
{
  Kind     kind;
  gsize    field;    /* of a flag: where in the structure */
  tcflag_t mask;     /* of a flag and of a size */
  guint    index;    /* of a character */
} Mode;

#define C(character)   { .kind = CHARACTER, .index = character }
#define F(which, flag) { .kind = FLAG, .field = offsetof (struct termios, which), .mask = flag }

static const Mode modes[FIRST_UNDEFINED] = {
  [1] = C (VINTR),
  [2] = C (VQUIT),
  [3] = C (VERASE),
  [4] = C (VKILL),
  [5] = C (VEOF),
  [6] = C (VEOL),
#ifdef VEOL2
  [7] = C (VEOL2),
#endif
  [8] = C (VSTART),
  [9] = C (VSTOP),
  [10] = C (VSUSP),
#ifdef VDSUSP
  [11] = C (VDSUSP),
#endif
#ifdef VREPRINT
  [12] = C (VREPRINT),
#endif
#ifdef VWERASE
  [13] = C (VWERASE),
#endif
#ifdef VLNEXT
  [14] = C (VLNEXT),
#endif
#ifdef VSTATUS
  [17] = C (VSTATUS),
#endif
#ifdef VDISCARD
  [18] = C (VDISCARD),
#endif
  [30] = F (c_iflag, IGNPAR),
  [31] = F (c_iflag, PARMRK),
  [32] = F (c_iflag, INPCK),
  [33] = F (c_iflag, ISTRIP),
  [34] = F (c_iflag, INLCR),
  [35] = F (c_iflag, IGNCR),
  [36] = F (c_iflag, ICRNL),
#ifdef IUCLC
  [37] = F (c_iflag, IUCLC),
#endif
  [38] = F (c_iflag, IXON),
  [39] = F (c_iflag, IXANY),
  [40] = F (c_iflag, IXOFF),
#ifdef IMAXBEL
  [41] = F (c_iflag, IMAXBEL),
#endif
#ifdef IUTF8
  [42] = F (c_iflag, IUTF8),     /* RFC 8160 */
#endif
  [50] = F (c_lflag, ISIG),
  [51] = F (c_lflag, ICANON),
#ifdef XCASE
  [52] = F (c_lflag, XCASE),
#endif
  [53] = F (c_lflag, ECHO),
  [54] = F (c_lflag, ECHOE),
  [55] = F (c_lflag, ECHOK),
  [56] = F (c_lflag, ECHONL),
  [57] = F (c_lflag, NOFLSH),
  [58] = F (c_lflag, TOSTOP),
  [59] = F (c_lflag, IEXTEN),
#ifdef ECHOCTL
  [60] = F (c_lflag, ECHOCTL),
#endif
#ifdef ECHOKE
  [61] = F (c_lflag, ECHOKE),
#endif
#ifdef PENDIN
  [62] = F (c_lflag, PENDIN),
#endif
  [70] = F (c_oflag, OPOST),
#ifdef OLCUC
  [71] = F (c_oflag, OLCUC),
#endif
  [72] = F (c_oflag, ONLCR),
  [73] = F (c_oflag, OCRNL),
  [74] = F (c_oflag, ONOCR),
  [75] = F (c_oflag, ONLRET),
  [90] = { .kind = SIZE, .mask = CS7 },
  [91] = { .kind = SIZE, .mask = CS8 },
  [92] = F (c_cflag, PARENB),
  [93] = F (c_cflag, PARODD),
};

static const struct
{
  guint32 baud;
  speed_t speed;
} speeds[] = {
  { 50, B50 }, { 75, B75 }, { 110, B110 }, { 134, B134 }, { 150, B150 }, { 200, B200 }, { 300, B300 },
  { 600, B600 }, { 1200, B1200 }, { 1800, B1800 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 },
  { 19200, B19200 }, { 38400, B38400 },
#ifdef B57600
  { 57600, B57600 },
#endif
#ifdef B115200
  { 115200, B115200 },
#endif
#ifdef B230400
  { 230400, B230400 },
#endif
};

static void
apply_mode (struct termios *settings,
            const Mode     *mode,
            guint32         value)
{
  tcflag_t *field = (tcflag_t *) (void *) ((char *) settings + mode->field);

  if (mode->kind == CHARACTER)
    settings->c_cc[mode->index] = value == NO_CHARACTER ? _POSIX_VDISABLE : (cc_t) value;
  else if (mode->kind == SIZE && value != 0)
    settings->c_cflag = (settings->c_cflag & ~(tcflag_t) CSIZE) | mode->mask;
  else if (mode->kind == FLAG)
    *field = value != 0 ? *field | mode->mask : *field & ~mode->mask;
}

static void
apply_speed (struct termios *settings,
             guint8          opcode,
             guint32         baud)
{
  for (gsize i = 0; i < G_N_ELEMENTS (speeds); i++)
    {
      if (speeds[i].baud != baud)
        continue;
      if (opcode == TTY_OP_ISPEED)
        cfsetispeed (settings, speeds[i].speed);
      else
        cfsetospeed (settings, speeds[i].speed);
    }
}

void
devssh_command_apply_modes (struct termios *settings,
                            const guint8   *data,
                            gsize           length)
{
  for (gsize i = 0; i + ARGUMENT_SIZE < length; i += 1 + ARGUMENT_SIZE)
    {
      guint8 opcode = data[i];
      guint32 value = (guint32) data[i + 1] << 24 | (guint32) data[i + 2] << 16 | (guint32) data[i + 3] << 8 | data[i + 4];

      if (opcode == TTY_OP_END || opcode >= FIRST_UNDEFINED)
        return;
      if (opcode == TTY_OP_ISPEED || opcode == TTY_OP_OSPEED)
        apply_speed (settings, opcode, value);
      else
        apply_mode (settings, &modes[opcode], value);
    }
}
