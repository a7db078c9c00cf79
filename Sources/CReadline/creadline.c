// For wcwidth(3).
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include "creadline.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <readline/history.h>
#include <readline/readline.h>

static creadline_callbacks callbacks;
static bool is_active;
static bool is_hidden;
/// While a line is being handled there is no line on the screen that is being typed.
static bool is_handling;
/// The terminal can do no more than print.
static bool is_dumb;

/// A line above the one being typed, which goes away again.
static char status[128];
static bool is_status_shown;
/// The terminal lays its lines out anew when its width changes, as most do.
static bool is_reflowing;

static bool reflows(const char *term) {
    if (getenv("TMUX")) return true;
    return !getenv("XTERM_VERSION") && strncmp(term, "screen", 6) != 0 && strncmp(term, "linux", 5) != 0 && strncmp(term, "vt", 2) != 0;
}

static void hidden_redisplay(void) {
    fprintf(rl_outstream, "\r%s", rl_display_prompt ? rl_display_prompt : "");
    fflush(rl_outstream);
}

static void redisplay(void) { (*rl_redisplay_function)(); }

/// Wipes away the line being typed, and the status above it.
static void clear(void) {
    if (is_dumb) return;
    if (is_hidden)
        fputs("\r\033[K", rl_outstream);
    else
        rl_clear_visible_line();
    if (is_status_shown) fputs("\033[A\r\033[K", rl_outstream);
    is_status_shown = false;
}

/// Draws both again, where the cursor is.
static void draw(void) {
    if (status[0] && !is_dumb && !is_hidden) {
        fprintf(rl_outstream, "%.*s\n", (int)sizeof status, status);
        is_status_shown = true;
    }
    rl_on_new_line();
    redisplay();
}

/// What is entered stands where it was typed: no status is left above it.
static int next_key(FILE *stream) {
    const int key = rl_getc(stream);
    if (is_status_shown && (key == '\r' || key == '\n' || key == 4)) {
        clear();
        rl_on_new_line();
        redisplay();
    }
    return key;
}

/// How many rows of `columns` lie between the beginning of the prompt and the cursor.
static int rows_before_cursor(int columns) {
    int row = 0, column = 0;
    bool is_invisible = false;
    const char *texts[] = {rl_prompt ? rl_prompt : "", rl_line_buffer ? rl_line_buffer : ""};
    const size_t ends[] = {strlen(texts[0]), (size_t)rl_point};
    for (int text = 0; text < 2; text++) {
        mbstate_t state;
        memset(&state, 0, sizeof state);
        for (size_t index = 0; index < ends[text];) {
            wchar_t character = 0;
            size_t count = mbrtowc(&character, texts[text] + index, ends[text] - index, &state);
            if (count == 0 || count > ends[text] - index) count = 1;
            index += count;
            if (text == 0 && (character == RL_PROMPT_START_IGNORE || character == RL_PROMPT_END_IGNORE)) {
                is_invisible = character == RL_PROMPT_START_IGNORE;
                continue;
            }
            if (is_invisible) continue;
            if (character == '\n') {
                row += 1;
                column = 0;
                continue;
            }
            const int width = character == '\t' ? 8 - column % 8 : character < 32 ? 2 : wcwidth(character) > 0 ? wcwidth(character) : 0;
            if (column + width > columns) {
                row += 1;
                column = 0;
            }
            column += width;
        }
    }
    return row + (column >= columns ? 1 : 0);
}

static void on_line(char *line) {
    is_handling = true;
    if (!line) is_active = false;
    // A hidden question leaves nothing behind; readline ends its line on the screen only where it has shown one.
    if (is_hidden) fputs(is_dumb ? "\n" : "\r\033[K", rl_outstream);
    callbacks.line(callbacks.context, line);
    // What a hidden line held does not stay in memory that is given away.
    if (line && is_hidden) memset(line, 0, strlen(line));
    free(line);
    is_handling = false;
    if (!is_active) rl_callback_handler_remove();
}

static char *candidates;
static char *candidate(const char *text, int state) {
    (void)text;
    (void)state;
    char *next = strsep(&candidates, "\n");
    return next ? strdup(next) : NULL;
}

static char **complete(const char *text, int start, int end) {
    // Never file names.
    rl_attempted_completion_over = 1;
    if (is_hidden) return NULL;
    char *list = callbacks.complete(callbacks.context, rl_line_buffer, start, end);
    if (!list) return NULL;
    candidates = list;
    char **matches = rl_completion_matches(text, candidate);
    free(list);
    return matches;
}

void creadline_start(creadline_callbacks given, const char *prompt) {
    callbacks = given;
    rl_readline_name = "singer";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    // LINES and COLUMNS would mislead the pager after a resize.
    rl_change_environment = 0;
    rl_attempted_completion_function = complete;
    rl_completer_word_break_characters = (char *)" \t\n";
    rl_basic_quote_characters = "";
    rl_completer_quote_characters = "";
    rl_sort_completion_matches = 0;
    // A question whether to show many candidates, and a pager for them, would wait in there.
    rl_completion_query_items = -1;
    // Fully buffered: a burst of lines and the prompt below it leave in one write.
    setvbuf(rl_outstream ? rl_outstream : stdout, NULL, _IOFBF, 1 << 16);
    using_history();
    rl_initialize();
    rl_variable_bind("page-completions", "off");
    rl_variable_bind("completion-ignore-case", "on");
    // The first Tab shows what there is, not the third.
    rl_variable_bind("show-all-if-ambiguous", "on");
    const char *term = getenv("TERM");
    is_dumb = !term || !*term || strcmp(term, "dumb") == 0;
    is_reflowing = !is_dumb && reflows(term);
    rl_getc_function = next_key;
    // The terminal is prepared once, not for each line: in between it would echo what is typed ahead.
    rl_prep_term_function = NULL;
    rl_deprep_term_function = NULL;
    rl_prep_terminal(1);
    is_active = true;
    rl_callback_handler_install(prompt, on_line);
    fflush(rl_outstream);
}

void creadline_stop(void) {
    if (is_active && !is_handling && is_status_shown) {
        clear();
        rl_on_new_line();
        redisplay();
    }
    if (is_active) rl_callback_handler_remove();
    is_active = false;
    rl_deprep_terminal();
    fflush(rl_outstream);
}

void creadline_read(void) {
    rl_callback_read_char();
    fflush(rl_outstream);
}

void creadline_prompt(const char *prompt, bool hidden) {
    if (is_active && !is_handling) clear();
    is_hidden = hidden;
    rl_redisplay_function = hidden ? hidden_redisplay : rl_redisplay;
    rl_set_prompt(prompt);
    if (is_active && !is_handling) {
        if (is_dumb) fputc('\r', rl_outstream);
        draw();
        fflush(rl_outstream);
    }
}

void creadline_print(const char *bytes, size_t count, const char *new_status) {
    FILE *out = rl_outstream ? rl_outstream : stdout;
    const bool is_typing = is_active && !is_handling;
    snprintf(status, sizeof status, "%s", new_status);
    if (is_dumb && count == 0) return;
    if (is_typing) {
        if (is_dumb && count > 0) fputc('\n', out);
        clear();
    }
    fwrite(bytes, 1, count, out);
    if (is_typing) draw();
    fflush(out);
}

const char *creadline_text(void) { return rl_line_buffer ? rl_line_buffer : ""; }

void creadline_set_text(const char *text) {
    rl_replace_line(text, 1);
    rl_point = rl_end;
    redisplay();
    fflush(rl_outstream);
}

void creadline_interrupt(void) {
    if (!is_active) return;
    if (is_status_shown) {
        clear();
        rl_on_new_line();
    }
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_point = rl_end;
    redisplay();
    fputs("^C\n", rl_outstream);
    rl_replace_line("", 1);
    rl_point = rl_mark = 0;
    rl_on_new_line();
    redisplay();
    fflush(rl_outstream);
}

void creadline_resize(void) {
    FILE *out = rl_outstream ? rl_outstream : stdout;
    struct winsize size;
    if (!is_active || is_handling || is_hidden || !is_reflowing || ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        if (is_active) rl_resize_terminal();
        fflush(out);
        return;
    }
    // The terminal has broken the line anew already, so the cursor is as many rows below the prompt as the new width makes of it.
    // readline reckons with the old ones, and would leave a part of the line above.
    const int status_columns = is_status_shown ? (int)mbstowcs(NULL, status, 0) : 0;
    const int rows = rows_before_cursor(size.ws_col) + (status_columns + size.ws_col - 1) / size.ws_col;
    fputc('\r', out);
    if (rows > 0) fprintf(out, "\033[%dA", rows);
    fputs("\033[J", out);
    is_status_shown = false;
    rl_reset_screen_size();
    // Where the prompt is broken depends on the width.
    char *prompt = strdup(rl_prompt ? rl_prompt : "");
    rl_set_prompt(prompt);
    free(prompt);
    draw();
    fflush(out);
}

// Asked of the terminal itself: readline knows only after it has begun.
static int measure(bool wants_rows) {
    struct winsize size;
    int rows = 0, columns = 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        rows = size.ws_row;
        columns = size.ws_col;
    } else {
        rl_get_screen_size(&rows, &columns);
    }
    return wants_rows ? (rows > 0 ? rows : 24) : (columns > 0 ? columns : 80);
}

int creadline_rows(void) { return measure(true); }

int creadline_columns(void) { return measure(false); }

void creadline_lend(void) {
    if (is_active && !is_handling && !is_hidden) clear();
    rl_deprep_terminal();
    fflush(rl_outstream);
}

void creadline_take_back(void) {
    rl_prep_terminal(1);
    if (is_active && !is_handling) {
        rl_resize_terminal();
        rl_on_new_line();
        redisplay();
    }
    fflush(rl_outstream);
}

void creadline_remember(const char *line, int count_max) {
    HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    if (last && strcmp(last->line, line) == 0) return;
    stifle_history(count_max);
    add_history(line);
}

static int signal_pipe[2] = {-1, -1};

static void on_signal(int number) {
    const int saved = errno;
    const unsigned char byte = (unsigned char)number;
    // A full pipe holds the same signal already.
    if (write(signal_pipe[1], &byte, 1) < 0) {
    }
    errno = saved;
}

int creadline_signals(void) {
    if (signal_pipe[0] >= 0) return signal_pipe[0];
    if (pipe(signal_pipe) != 0) return -1;
    for (int end = 0; end < 2; end++) {
        fcntl(signal_pipe[end], F_SETFD, FD_CLOEXEC);
        fcntl(signal_pipe[end], F_SETFL, O_NONBLOCK);
    }
    // Whoever started the program may have blocked them.
    sigset_t wanted;
    sigemptyset(&wanted);
    const int numbers[] = {SIGINT, SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        sigaction(numbers[i], &action, NULL);
        sigaddset(&wanted, numbers[i]);
    }
    sigprocmask(SIG_UNBLOCK, &wanted, NULL);
    return signal_pipe[0];
}

void creadline_use_locale(void) {
    setlocale(LC_ALL, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return;
    // In the environment: readline looks there again by itself, and would edit bytes.
    setenv("LC_ALL", "C.UTF-8", 1);
    setlocale(LC_ALL, "");
}

int creadline_width(unsigned int scalar) { return wcwidth((wchar_t)scalar); }
