/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws a contour: what was received above the line, what was sent below it, latencies under both. */
#include <libdevssh/session/devssh-session-contour-private.h>

#include <math.h>
#include <string.h>

/* Less than two pixels each: more columns would only make the file larger. */
#define MAX_COLUMNS 512

#define WIDTH       960
#define HEIGHT      540
#define LEFT        84
#define RIGHT       936
#define TOP         112
#define BOTTOM      492
#define GAP         52          /* between the panels: the head of the second one */
#define LATENCY_TOP 372

/* A picture is shown by whoever, on light or dark: it brings its own ground, and asks which one is wanted. Not every
 * program that draws SVG knows @media or variables; they get the light one. */
static const char style[] =
  "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:13px;fill:#59636e}"
  ".ground{fill:#ffffff}"
  ".title{font-size:21px;font-weight:600;fill:#1f2328}"
  ".head{font-weight:600;fill:#1f2328}"
  ".grid{stroke:#d8dee4;stroke-width:1;fill:none}"
  ".axis{stroke:#818b98;stroke-width:1;fill:none}"
  ".received{fill:#0969da;fill-opacity:.3;stroke:#0969da;stroke-width:1.25;stroke-linejoin:round}"
  ".sent{fill:#bf5600;fill-opacity:.3;stroke:#bf5600;stroke-width:1.25;stroke-linejoin:round}"
  ".band{fill:#8250df;fill-opacity:.24;stroke:none}"
  ".mean{fill:none;stroke:#8250df;stroke-width:1.75;stroke-linejoin:round}"
  ".column{fill:#1f2328;fill-opacity:0}"
  ".column:hover{fill-opacity:.09}"
  "@media (prefers-color-scheme:dark){"
  "text{fill:#9198a1}"
  ".ground{fill:#0d1117}"
  ".title,.head{fill:#f0f6fc}"
  ".grid{stroke:#2a313c}"
  ".axis{stroke:#656c76}"
  ".received{fill:#4493f8;stroke:#4493f8}"
  ".sent{fill:#f0883e;stroke:#f0883e}"
  ".band{fill:#ab7df8}"
  ".mean{stroke:#ab7df8}"
  ".column{fill:#f0f6fc}"
  "}";

typedef struct
{
  GString                     *out;
  const DevSshContourInterval *columns;
  guint                        count;
  double                       interval;                        /* of a column, ms */
  double                       sent, received;                  /* bytes, of all columns */
  double                       most_sent, most_received;        /* bytes, of one column */
  double                       latency_min, latency_max, latency_sum, latency_count;
  double                       flow_bottom;                     /* of the upper panel */
  double                       flow_zero, flow_scale;           /* y of its line; pixels for a byte of a column */
  double                       latency_scale;                   /* pixels for a millisecond */
} Picture;

/* ---- numbers ---- */

/* Never the locale's comma, and no digits that say nothing. */
static void
append_number (GString *out,
               double   value,
               guint    decimals)
{
  char format[8], text[G_ASCII_DTOSTR_BUF_SIZE + 32];

  g_snprintf (format, sizeof format, "%%.%uf", MIN (decimals, 9));
  g_ascii_formatd (text, sizeof text, format, value);
  if (strchr (text, '.') != NULL)
    {
      char *end = text + strlen (text);

      while (end[-1] == '0')
        *--end = '\0';
      if (end[-1] == '.')
        *--end = '\0';
    }
  g_string_append (out, g_str_equal (text, "-0") ? "0" : text);
}

static void
append_coordinate (GString *out,
                   double   value)
{
  append_number (out, value, 1);
}

/* A quantity is told in three digits and the unit that leaves so many: 12.3 MB */
typedef struct
{
  double      factor;
  const char *name;
} Unit;

static const Unit byte_units[] = {
  { 1, "B" }, { 1e3, "kB" }, { 1e6, "MB" }, { 1e9, "GB" }, { 1e12, "TB" }, { 1e15, "PB" }, { 1e18, "EB" },
};

static const Unit latency_units[] = {
  { 1e-3, "µs" }, { 1, "ms" }, { 1e3, "s" }, { 60e3, "min" }, { 3600e3, "h" },
};

static const Unit time_units[] = {
  { 1e3, "s" }, { 60e3, "min" }, { 3600e3, "h" }, { 86400e3, "d" }, { 365 * 86400e3, "years" },
};

static const Unit *
find_unit (const Unit *units,
           gsize       n_units,
           double      value)
{
  const Unit *unit = units;

  for (gsize i = 1; i < n_units; i++)
    if (value >= units[i].factor * 0.9995)
      unit = &units[i];
  return unit;
}

static void
append_quantity (GString    *out,
                 const Unit *units,
                 gsize       n_units,
                 double      value)
{
  const Unit *unit = find_unit (units, n_units, value);
  double shown = value / unit->factor;

  append_number (out, shown, shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2);
  g_string_append_printf (out, " %s", unit->name);
}

static void
append_bytes (GString *out,
              double   bytes)
{
  append_quantity (out, byte_units, G_N_ELEMENTS (byte_units), bytes);
}

static void
append_latency (GString *out,
                double   latency)
{
  append_quantity (out, latency_units, G_N_ELEMENTS (latency_units), latency);
}

/* The two greatest units that it has, exact times: 1 h 30 min */
static void
append_time (GString *out,
             double   ms)
{
  const Unit *unit = find_unit (time_units, G_N_ELEMENTS (time_units), ms);
  double whole = floor (ms / unit->factor + 1e-9);
  double rest = ms - whole * unit->factor;

  if (unit == &time_units[G_N_ELEMENTS (time_units) - 1])
    {
      append_quantity (out, unit, 1, ms);
      return;
    }
  append_number (out, whole, 0);
  g_string_append_printf (out, " %s", unit->name);
  if (unit > time_units && rest >= unit[-1].factor)
    {
      g_string_append_c (out, ' ');
      append_number (out, floor (rest / unit[-1].factor + 1e-9), 0);
      g_string_append_printf (out, " %s", unit[-1].name);
    }
}

/* 1, 2 or 5 times a power of ten: the least that needs no more than so many steps. */
static double
nice_step (double range,
           guint  steps)
{
  static const double mantissas[] = { 1, 2, 5 };
  double least = range / steps;
  double power = pow (10, floor (log10 (least)));

  for (gsize i = 0; i < G_N_ELEMENTS (mantissas); i++)
    if (power * mantissas[i] >= least * (1 - 1e-9))
      return power * mantissas[i];
  return power * 10;
}

static double
nice_time_step (double range,
                guint  steps)
{
  static const double seconds[] = {
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600,
    86400, 2 * 86400, 5 * 86400, 10 * 86400, 20 * 86400, 50 * 86400, 100 * 86400
  };

  for (gsize i = 0; i < G_N_ELEMENTS (seconds); i++)
    if (seconds[i] * 1000 * steps >= range)
      return seconds[i] * 1000;
  return nice_step (range / time_units[G_N_ELEMENTS (time_units) - 1].factor, steps) * time_units[G_N_ELEMENTS (time_units) - 1].factor;
}

/* ---- pieces ---- */

/* What XML 1.0 cannot say, not even escaped, is left out. */
static char *
escape (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autoptr(GString) clean = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\t' || c == '\n' || c == '\r')
        g_string_append_c (clean, ' ');
      else if (c >= 0x20 && !(c >= 0x7f && c <= 0x9f) && c != 0xfffe && c != 0xffff)
        g_string_append_unichar (clean, c);
    }
  return g_markup_escape_text (clean->str, (gssize) clean->len);
}

static double
x_of (const Picture *self,
      double         column)
{
  return LEFT + (RIGHT - LEFT) * column / MAX (self->count, 1);
}

/* A step for each column, one command where neighbours are alike; the pen is at the left end of the first one. */
static void
append_steps (Picture  *self,
              guint     first,
              guint     end,
              double  (*y_of) (Picture *self, guint column))
{
  for (guint i = first; i < end;)
    {
      double y = y_of (self, i);

      for (i++; i < end && fabs (y_of (self, i) - y) < 0.05; i++)
        ;
      g_string_append_c (self->out, 'V');
      append_coordinate (self->out, y);
      g_string_append_c (self->out, 'H');
      append_coordinate (self->out, x_of (self, i));
    }
}

static void
append_steps_back (Picture  *self,
                   guint     first,
                   guint     end,
                   double  (*y_of) (Picture *self, guint column))
{
  for (guint i = end; i > first;)
    {
      double y = y_of (self, i - 1);

      for (i--; i > first && fabs (y_of (self, i - 1) - y) < 0.05; i--)
        ;
      g_string_append_c (self->out, 'V');
      append_coordinate (self->out, y);
      g_string_append_c (self->out, 'H');
      append_coordinate (self->out, x_of (self, i));
    }
}

static void
append_line (GString    *out,
             const char *class,
             double      x1,
             double      y1,
             double      x2,
             double      y2)
{
  /* On whole pixels, so that a line is one pixel wide and not two half ones. */
  g_string_append_printf (out, "<path class=\"%s\" d=\"M", class);
  append_coordinate (out, floor (x1) + 0.5);
  g_string_append_c (out, ' ');
  append_coordinate (out, floor (y1) + 0.5);
  g_string_append_c (out, 'L');
  append_coordinate (out, floor (x2) + 0.5);
  g_string_append_c (out, ' ');
  append_coordinate (out, floor (y2) + 0.5);
  g_string_append (out, "\"/>\n");
}

static void
begin_text (GString    *out,
            const char *class,
            const char *anchor,
            double      x,
            double      y)
{
  g_string_append (out, "<text");
  if (class != NULL)
    g_string_append_printf (out, " class=\"%s\"", class);
  if (anchor != NULL)
    g_string_append_printf (out, " text-anchor=\"%s\"", anchor);
  g_string_append (out, " x=\"");
  append_coordinate (out, x);
  g_string_append (out, "\" y=\"");
  append_coordinate (out, y);
  g_string_append (out, "\">");
}

static void
append_text (GString    *out,
             const char *class,
             const char *anchor,
             double      x,
             double      y,
             const char *text)
{
  begin_text (out, class, anchor, x, y);
  g_string_append (out, text);
  g_string_append (out, "</text>\n");
}

static void
append_key (GString    *out,
            const char *class,
            int         x,
            int         y,
            const char *text)
{
  g_string_append_printf (out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"13\" height=\"11\" rx=\"2\"/>\n", class, x, y - 10);
  append_text (out, NULL, NULL, x + 20, y, text);
}

/* ---- throughput ---- */

static double
y_of_received (Picture *self,
               guint    column)
{
  return self->flow_zero - (double) self->columns[column].bytes_received * self->flow_scale;
}

static double
y_of_sent (Picture *self,
           guint    column)
{
  return self->flow_zero + (double) self->columns[column].bytes_sent * self->flow_scale;
}

static void
append_area (Picture     *self,
             const char  *class,
             double     (*y_of) (Picture *self, guint column))
{
  g_string_append_printf (self->out, "<path class=\"%s\" d=\"M", class);
  append_coordinate (self->out, LEFT);
  g_string_append_c (self->out, ' ');
  append_coordinate (self->out, self->flow_zero);
  append_steps (self, 0, self->count, y_of);
  g_string_append_c (self->out, 'V');
  append_coordinate (self->out, self->flow_zero);
  g_string_append (self->out, "Z\"/>\n");
}

/* A value at its line: 1.5 MB/s. All of an axis are in one unit. */
static void
append_tick (Picture    *self,
             double      y,
             double      value,
             double      step,
             const Unit *unit,
             const char *per)
{
  append_line (self->out, "grid", LEFT, y, RIGHT, y);
  begin_text (self->out, NULL, "end", LEFT - 10, y + 4.5);
  append_number (self->out, value / unit->factor, (guint) MAX (0, ceil (-log10 (step / unit->factor) - 1e-9)));
  if (value > 0)
    g_string_append_printf (self->out, " %s%s", unit->name, per);
  g_string_append (self->out, "</text>\n");
}

static void
append_throughput (Picture *self)
{
  double per_second = 1000 / self->interval;
  double up = self->most_received * per_second;
  double down = self->most_sent * per_second;
  double step = nice_step (MAX (up + down, 1), 5);
  const Unit *unit;

  append_text (self->out, "head", NULL, LEFT, TOP - 16, "Throughput");
  append_key (self->out, "received", RIGHT - 296, TOP - 16, "received, upwards");
  append_key (self->out, "sent", RIGHT - 132, TOP - 16, "sent, downwards");

  up = ceil (up / step - 1e-9) * step;
  down = ceil (down / step - 1e-9) * step;
  if (up + down < step)
    up = step;
  unit = find_unit (byte_units, G_N_ELEMENTS (byte_units), MAX (up, down));
  self->flow_zero = TOP + (self->flow_bottom - TOP) * up / (up + down);
  self->flow_scale = (self->flow_bottom - TOP) / (up + down) * per_second;
  for (int i = (int) round (-down / step); i <= (int) round (up / step); i++)
    append_tick (self, self->flow_zero - i * step * self->flow_scale / per_second, ABS (i) * step, step, unit, "/s");
  append_area (self, "received", y_of_received);
  append_area (self, "sent", y_of_sent);
  append_line (self->out, "axis", LEFT, self->flow_zero, RIGHT, self->flow_zero);
}

/* ---- latency ---- */

static double
y_of_min (Picture *self,
          guint    column)
{
  return BOTTOM - self->columns[column].latency_min * self->latency_scale;
}

static double
y_of_max (Picture *self,
          guint    column)
{
  return BOTTOM - self->columns[column].latency_max * self->latency_scale;
}

static double
y_of_mean (Picture *self,
           guint    column)
{
  return BOTTOM - devssh_contour_interval_get_average (&self->columns[column]) * self->latency_scale;
}

static void
begin_path (Picture    *self,
            const char *class,
            guint       column,
            double      y)
{
  g_string_append_printf (self->out, "<path class=\"%s\" d=\"M", class);
  append_coordinate (self->out, x_of (self, column));
  g_string_append_c (self->out, ' ');
  append_coordinate (self->out, y);
}

/* Where nothing was measured there is nothing, rather than a latency of 0. */
static void
append_measured (Picture *self,
                 guint    first,
                 guint    end)
{
  begin_path (self, "band", first, y_of_max (self, first));
  append_steps (self, first, end, y_of_max);
  append_steps_back (self, first, end, y_of_min);
  g_string_append (self->out, "Z\"/>\n");
  begin_path (self, "mean", first, y_of_mean (self, first));
  append_steps (self, first, end, y_of_mean);
  g_string_append (self->out, "\"/>\n");
}

static void
append_latencies (Picture *self)
{
  double step = nice_step (self->latency_max, 3);
  double top = ceil (self->latency_max / step - 1e-9) * step;
  const Unit *unit = find_unit (latency_units, G_N_ELEMENTS (latency_units), top);

  append_text (self->out, "head", NULL, LEFT, LATENCY_TOP - 16, "Latency");
  append_key (self->out, "band", RIGHT - 296, LATENCY_TOP - 16, "least to greatest");
  g_string_append_printf (self->out, "<path class=\"mean\" d=\"M%d %dh13\"/>\n", RIGHT - 132, LATENCY_TOP - 20);
  append_text (self->out, NULL, NULL, RIGHT - 112, LATENCY_TOP - 16, "average");

  self->latency_scale = (BOTTOM - LATENCY_TOP) / top;
  for (int i = 0; i <= (int) round (top / step); i++)
    append_tick (self, BOTTOM - i * step * self->latency_scale, i * step, step, unit, "");
  for (guint i = 0; i < self->count; i++)
    {
      guint first = i;

      while (i < self->count && self->columns[i].latency_max > 0)
        i++;
      if (i > first)
        append_measured (self, first, i);
    }
}

/* ---- the whole ---- */

static void
append_time_axis (Picture *self)
{
  double whole = self->count * self->interval;
  double step = nice_time_step (whole, 8);

  append_line (self->out, "axis", LEFT, BOTTOM, RIGHT, BOTTOM);
  for (guint i = 0; i * step <= whole * (1 + 1e-9); i++)
    {
      double x = LEFT + (RIGHT - LEFT) * (i * step / whole);

      append_line (self->out, "axis", x, BOTTOM, x, BOTTOM + 5);
      begin_text (self->out, NULL, "middle", x, BOTTOM + 22);
      if (i == 0)
        g_string_append_c (self->out, '0');
      else
        append_time (self->out, i * step);
      g_string_append (self->out, "</text>\n");
    }
}

/* What the mouse finds out about a column. */
static void
append_columns (Picture *self)
{
  for (guint i = 0; i < self->count; i++)
    {
      const DevSshContourInterval *column = &self->columns[i];

      if (column->bytes_sent == 0 && column->bytes_received == 0 && column->latency_max <= 0)
        continue;
      g_string_append (self->out, "<rect class=\"column\" x=\"");
      append_coordinate (self->out, x_of (self, i));
      g_string_append_printf (self->out, "\" y=\"%d\" width=\"", TOP);
      append_number (self->out, x_of (self, i + 1) - x_of (self, i), 2);
      g_string_append_printf (self->out, "\" height=\"%d\"><title>", BOTTOM - TOP);
      append_time (self->out, i * self->interval);
      g_string_append (self->out, " to ");
      append_time (self->out, (i + 1) * self->interval);
      g_string_append (self->out, ": ");
      append_bytes (self->out, (double) column->bytes_received);
      g_string_append (self->out, " received, ");
      append_bytes (self->out, (double) column->bytes_sent);
      g_string_append (self->out, " sent");
      if (column->latency_max > 0)
        {
          g_string_append (self->out, ", latency ");
          append_latency (self->out, column->latency_min);
          g_string_append (self->out, " to ");
          append_latency (self->out, column->latency_max);
          g_string_append (self->out, ", on average ");
          append_latency (self->out, devssh_contour_interval_get_average (column));
        }
      g_string_append (self->out, "</title></rect>\n");
    }
}

static void
append_summary (Picture *self,
                guint    count,
                double   interval)
{
  append_time (self->out, count * interval);
  g_string_append_printf (self->out, " in %u interval%s of ", count, count == 1 ? "" : "s");
  append_time (self->out, interval);
  g_string_append (self->out, " · ");
  append_bytes (self->out, self->received);
  g_string_append (self->out, " received · ");
  append_bytes (self->out, self->sent);
  g_string_append (self->out, " sent");
  if (self->latency_max <= 0)
    return;
  g_string_append (self->out, " · latency ");
  append_latency (self->out, self->latency_min);
  g_string_append (self->out, " to ");
  append_latency (self->out, self->latency_max);
  g_string_append (self->out, ", on average ");
  append_latency (self->out, self->latency_count > 0 ? self->latency_sum / self->latency_count : self->latency_max);
}

static void
sum_up (Picture *self)
{
  for (guint i = 0; i < self->count; i++)
    {
      const DevSshContourInterval *column = &self->columns[i];

      self->sent += (double) column->bytes_sent;
      self->received += (double) column->bytes_received;
      self->most_sent = MAX (self->most_sent, (double) column->bytes_sent);
      self->most_received = MAX (self->most_received, (double) column->bytes_received);
      if (column->latency_min > 0 && (self->latency_min <= 0 || column->latency_min < self->latency_min))
        self->latency_min = column->latency_min;
      self->latency_max = MAX (self->latency_max, column->latency_max);
      self->latency_sum += column->latency_sum;
      self->latency_count += (double) column->latency_count;
    }
  self->flow_bottom = self->latency_max > 0 ? LATENCY_TOP - GAP : BOTTOM;
}

/**
 * devssh_session_contour_to_svg:
 * @self: a contour
 * @title: (nullable): what stands above, or %NULL for "Session contour"
 *
 * Draws the contour as a picture: how many bytes a second were received and sent over time, and, if any was measured,
 * the latency: from least to greatest as a band, the average as a line.
 *
 * The picture is a whole SVG document of 960 by 540, with nothing that has to be loaded from elsewhere. Where its
 * viewer prefers dark colours it is dark, and where the mouse rests on an interval its numbers are shown. The same
 * contour always gives the same text.
 *
 * Returns: (transfer full): an SVG document in UTF-8
 *
 * Since: 1.0
 */
char *
devssh_session_contour_to_svg (DevSshSessionContour *self,
                               const char           *title)
{
  g_autoptr(GArray) columns = NULL;
  g_autofree char *name = NULL;
  Picture picture = { 0 };
  double interval;
  guint count;

  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), NULL);

  count = devssh_session_contour_get_interval_count (self);
  interval = (double) devssh_session_contour_get_interval (self);
  name = escape (title != NULL ? title : "Session contour");
  columns = g_array_new (FALSE, TRUE, sizeof (DevSshContourInterval));
  if (count > 0)
    g_array_append_vals (columns, devssh_session_contour_get_intervals (self), count);
  picture.interval = interval;
  for (; columns->len > MAX_COLUMNS; picture.interval *= 2)
    devssh_contour_intervals_fold (columns);
  picture.columns = (const DevSshContourInterval *) (const void *) columns->data;
  picture.count = columns->len;
  picture.out = g_string_new (NULL);
  sum_up (&picture);

  g_string_append_printf (picture.out,
                          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n"
                          "<title>%s</title>\n"
                          "<style>%s</style>\n"
                          "<rect class=\"ground\" width=\"%d\" height=\"%d\"/>\n",
                          WIDTH, HEIGHT, WIDTH, HEIGHT, name, style, WIDTH, HEIGHT);
  append_text (picture.out, "title", NULL, 24, 40, name);
  begin_text (picture.out, NULL, NULL, 24, 64);
  if (count > 0)
    append_summary (&picture, count, interval);
  else
    g_string_append (picture.out, "Nothing was recorded");
  g_string_append (picture.out, "</text>\n");
  if (count > 0)
    {
      append_throughput (&picture);
      if (picture.latency_max > 0)
        append_latencies (&picture);
      append_time_axis (&picture);
      append_columns (&picture);
    }
  g_string_append (picture.out, "</svg>\n");
  return g_string_free (picture.out, FALSE);
}
