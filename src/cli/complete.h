/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion of a command line, for the scripts of the shells (contrib/completion): they hand over the words
 * and show what comes back.
 */
#ifndef KVS_CLI_COMPLETE_H
#define KVS_CLI_COMPLETE_H

/*
 * words are those behind "kvsync"; the last is the one to complete, maybe empty.  Prints a line for each word
 * that it may become: the word, a tab, what it means.  A line of ":files" stands for any file.
 */
void complete(char *const *words, int n);

#endif
