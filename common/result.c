#include "common/result.h"

#include "common/json.h"

static void
put_list(struct buf *b, const char *key, const struct buf *elements)
{
	json_open_array(b, key);
	if (elements != NULL)
		buf_put(b, elements->p, elements->len);
	json_close_array(b);
}

void
result_refuse(struct buf *b, const struct result_refusal *r)
{
	json_open_object(b, NULL);
	json_put_string(b, "type", "result");
	json_put_string(b, "id", r->id);
	json_put_int(b, "code", r->code);
	json_put_bool(b, "ok", 0);
	json_put_string(b, "error", r->error);
	if (r->ret_code != 0)
		json_put_int(b, "retCode", r->ret_code);
	put_list(b, "errors", r->errors);
	put_list(b, "warnings", r->warnings);
	json_put_time(b, "timestamp", r->time_ms);
	json_close_object(b);
	buf_putc(b, '\n');
}
