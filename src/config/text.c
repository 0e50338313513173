/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/alloc.h"

#include <string.h>

struct kvs_config_text {
	struct kvs_config_text *next;
	char bytes[];
};

const char *config_text(struct kvs_config *config, struct problems *p, const void *bytes, size_t n)
{
	struct kvs_config_text *text;

	if (n > KVS_CONFIG_MAX_TEXT - config->text_size) {
		problem(p, (struct kvs_config_pos){ .file = "configuration" },
			"all values together are over %zu bytes", KVS_CONFIG_MAX_TEXT);
		p->stop = KVS_E_CONFIG;
		return NULL;
	}
	text = kvs_alloc(sizeof(*text) + n + 1);
	if (!text) {
		problem_oom(p);
		return NULL;
	}
	if (n)
		memcpy(text->bytes, bytes, n);
	text->bytes[n] = '\0';
	text->next = config->texts;
	config->texts = text;
	config->text_size += n;
	return text->bytes;
}

void config_texts_free(struct kvs_config *config)
{
	struct kvs_config_text *text, *next;

	for (text = config->texts; text; text = next) {
		next = text->next;
		kvsi_free(text);
	}
	config->texts = NULL;
}
