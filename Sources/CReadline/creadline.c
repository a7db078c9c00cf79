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

static void hidden_redisplay(void) {
    fprintf(rl_outstream, "\r%s", rl_display_prompt ? rl_display_prompt : "");
    fflush(rl_outstream);
}

static void redisplay(void) { (*rl_redisplay_function)(); }

static void on_line(char *line) {
    is_handling = true;
    if (!line) is_active = false;
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
    const char *term = getenv("TERM");
    is_dumb = !term || !*term || strcmp(term, "dumb") == 0;
    // The terminal is prepared once, not for each line: in between it would echo what is typed ahead.
    rl_prep_term_function = NULL;
    rl_deprep_term_function = NULL;
    rl_prep_terminal(1);
    is_active = true;
    rl_callback_handler_install(prompt, on_line);
    fflush(rl_outstream);
}

void creadline_stop(void) {
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
    if (is_active && !is_handling && !is_hidden) rl_clear_visible_line();
    is_hidden = hidden;
    rl_redisplay_function = hidden ? hidden_redisplay : rl_redisplay;
    rl_set_prompt(prompt);
    if (is_active && !is_handling) {
        if (is_dumb) fputc('\r', rl_outstream);
        rl_on_new_line();
        redisplay();
        fflush(rl_outstream);
    }
}

void creadline_print(const char *bytes, size_t count) {
    FILE *out = rl_outstream ? rl_outstream : stdout;
    const bool is_typing = is_active && !is_handling;
    if (is_typing) {
        if (is_dumb)
            fputc('\n', out);
        else if (is_hidden)
            fputs("\r\033[K", out);
        else
            rl_clear_visible_line();
    }
    fwrite(bytes, 1, count, out);
    if (is_typing) {
        rl_on_new_line();
        redisplay();
    }
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
    if (is_active) rl_resize_terminal();
    fflush(rl_outstream ? rl_outstream : stdout);
}

int creadline_rows(void) {
    int rows = 0, columns = 0;
    rl_get_screen_size(&rows, &columns);
    return rows > 0 ? rows : 24;
}

int creadline_columns(void) {
    int rows = 0, columns = 0;
    rl_get_screen_size(&rows, &columns);
    return columns > 0 ? columns : 80;
}

void creadline_lend(void) {
    if (is_active && !is_handling && !is_hidden && !is_dumb) rl_clear_visible_line();
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
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
}

int creadline_width(unsigned int scalar) { return wcwidth((wchar_t)scalar); }
