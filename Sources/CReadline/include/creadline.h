// GNU readline's callback interface, as Swift can use it: its globals and variadic functions stay on this side.
//
// One thread calls all of this. Lines are shown above the line being typed, whose text and cursor stay as they are.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Whom readline tells. `context` is handed back as it was given.
typedef struct {
    void *context;
    /// A line was entered; NULL at the end of input.
    void (*line)(void *context, const char *line);
    /// What the word from `start` to `end` may become: one candidate a line, allocated with malloc; or NULL.
    char *(*complete)(void *context, const char *buffer, int start, int end);
} creadline_callbacks;

/// Takes the terminal and shows the prompt. Invisible bytes of a prompt stand between \001 and \002.
void creadline_start(creadline_callbacks callbacks, const char *prompt);
/// Gives the terminal back.
void creadline_stop(void);
/// Reads what was typed: to be called when standard input can be read.
void creadline_read(void);

/// Another prompt. When it is hidden, what is typed is not shown, and not completed.
void creadline_prompt(const char *prompt, bool is_hidden);
/// Whole lines, shown above the line being typed, and written at once. Between them and it stands the status, unless it is empty:
/// it goes away with the next call, and when a line is entered.
void creadline_print(const char *bytes, size_t count, const char *status);

/// What is being typed.
const char *creadline_text(void);
/// Puts a text on the line, and the cursor behind it.
void creadline_set_text(const char *text);
/// Throws the line away, as Ctrl-C does.
void creadline_interrupt(void);
/// The terminal has another size now.
void creadline_resize(void);
int creadline_rows(void);
int creadline_columns(void);

/// Lends the terminal to another program, and takes it back.
void creadline_lend(void);
void creadline_take_back(void);

/// Adds a line to those that the arrow keys bring back; the oldest of more than `count_max` are forgotten.
void creadline_remember(const char *line, int count_max);

/// A descriptor from which the numbers of signals are read, one byte each, instead of their being handled anywhere.
/// SIGINT, SIGWINCH, SIGTSTP, SIGCONT, SIGTERM and SIGHUP.
int creadline_signals(void);

/// Takes the locale of the environment, or one with UTF-8 if that has none.
void creadline_use_locale(void);
/// Columns of a character in that locale, as readline counts them: wcwidth(3), which Swift's Glibc does not show. Negative for controls.
int creadline_width(unsigned int scalar);

#ifdef __cplusplus
}
#endif
