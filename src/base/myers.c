/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A box is a part of both sequences that is still to be compared: its corners are points (x, y), x
 * elements into the one and y into the other.  A path goes from the first corner to the last one, by
 * single steps to the right (x is dropped) or down (y is new), and by free diagonal ones where the
 * elements are equal.  From both corners at once the furthest points are sought that n steps reach,
 * one for each diagonal k = x - y; where the two meet the box is cut in two.
 */
#include "base/myers.h"

#include "base/cleanup.h"
#include "base/err.h"

/* Steps from each side until a box is cut where most of it is done.  Below, the shortest path is
 * found for certain. */
#define STEPS_MAX 512

/* There is no path to that diagonal. */
#define NO_X	 (INT32_MIN / 2)
#define FAR_AWAY (INT32_MAX / 2)

struct box {
	int32_t x0, y0, x1, y1;
};

struct search {
	const struct kvs_myers_side *from, *to;
	int32_t *forward;  /* by diagonal: how far right n steps from the first corner come */
	int32_t *backward; /* how far left n steps from the last corner come */
	int64_t work;	   /* comparisons that may still be made */
};

/* The diagonals that one of the two directions has reached. */
struct span {
	int32_t min, max;
};

static bool equal(const struct search *s, int32_t x, int32_t y)
{
	return s->from->at[x] == s->to->at[y];
}

/* One more step reaches one diagonal more on each side, as long as the box has them. */
static void widen(struct span *span, const struct box *box, int32_t *reach, int32_t none)
{
	if (span->min > box->x0 - box->y1)
		reach[--span->min - 1] = none;
	else
		span->min++;
	if (span->max < box->x1 - box->y0)
		reach[++span->max + 1] = none;
	else
		span->max--;
}

static int32_t slide_forward(struct search *s, const struct box *box, int32_t k)
{
	int32_t right = s->forward[k - 1] + 1, down = s->forward[k + 1];
	int32_t x;

	if (right > box->x1)
		right = NO_X;
	if (down - k > box->y1)
		down = NO_X;
	x = right > down ? right : down;
	if (x < box->x0)
		return NO_X;
	for (s->work--; x < box->x1 && x - k < box->y1 && equal(s, x, x - k); x++)
		s->work--;
	return x;
}

static int32_t slide_backward(struct search *s, const struct box *box, int32_t k)
{
	int32_t left = s->backward[k + 1] - 1, up = s->backward[k - 1];
	int32_t x;

	if (left < box->x0)
		left = FAR_AWAY;
	if (up != FAR_AWAY && up - k < box->y0)
		up = FAR_AWAY;
	x = left < up ? left : up;
	if (x > box->x1)
		return FAR_AWAY;
	for (s->work--; x > box->x0 && x - k > box->y0 && equal(s, x - 1, x - 1 - k); x--)
		s->work--;
	return x;
}

static bool within(int32_t k, const struct span *span)
{
	return k >= span->min && k <= span->max;
}

/* One step more from the first corner.  True if that meets the paths of the others, on diagonal
 * *ret_k. */
static bool step_forward(struct search *s, const struct box *box, struct span *reached,
			 const struct span *others, int32_t *ret_k)
{
	int32_t k;

	widen(reached, box, s->forward, NO_X);
	for (k = reached->max; k >= reached->min; k -= 2) {
		s->forward[k] = slide_forward(s, box, k);
		if (others && within(k, others) && s->backward[k] <= s->forward[k]) {
			*ret_k = k;
			return true;
		}
	}
	return false;
}

static bool step_backward(struct search *s, const struct box *box, struct span *reached,
			  const struct span *others, int32_t *ret_k)
{
	int32_t k;

	widen(reached, box, s->backward, FAR_AWAY);
	for (k = reached->max; k >= reached->min; k -= 2) {
		s->backward[k] = slide_backward(s, box, k);
		if (others && within(k, others) && s->backward[k] <= s->forward[k]) {
			*ret_k = k;
			return true;
		}
	}
	return false;
}

/* The point where most of the box lies behind one of the two; false if nothing does. */
static bool cut_anywhere(const struct search *s, const struct box *box, const struct span *forward,
			 const struct span *backward, int32_t *ret_x, int32_t *ret_y)
{
	int32_t most = 0;
	int32_t k;

	for (k = forward->max; k >= forward->min; k -= 2) {
		int32_t x = s->forward[k];

		if (x >= box->x0 && x - box->x0 + x - k - box->y0 > most) {
			most = x - box->x0 + x - k - box->y0;
			*ret_x = x;
			*ret_y = x - k;
		}
	}
	for (k = backward->max; k >= backward->min; k -= 2) {
		int32_t x = s->backward[k];

		if (x <= box->x1 && box->x1 - x + box->y1 - x + k > most) {
			most = box->x1 - x + box->y1 - x + k;
			*ret_x = x;
			*ret_y = x - k;
		}
	}
	return most > 0;
}

/* A point that a path through the box goes through; false when there was no time to find one. */
static bool cut(struct search *s, const struct box *box, int32_t *ret_x, int32_t *ret_y)
{
	int32_t first = box->x0 - box->y0, last = box->x1 - box->y1;
	struct span forward = { first, first }, backward = { last, last };
	bool odd = (first - last) & 1;
	int32_t k, steps;

	s->forward[first] = box->x0;
	s->backward[last] = box->x1;
	for (steps = 0; steps < STEPS_MAX; steps++) {
		if (step_forward(s, box, &forward, odd ? &backward : NULL, &k)) {
			*ret_x = s->forward[k];
			*ret_y = s->forward[k] - k;
			return true;
		}
		if (step_backward(s, box, &backward, odd ? NULL : &forward, &k)) {
			*ret_x = s->backward[k];
			*ret_y = s->backward[k] - k;
			return true;
		}
		if (s->work < 0)
			return false;
	}
	return cut_anywhere(s, box, &forward, &backward, ret_x, ret_y);
}

static void shrink(struct search *s, struct box *box)
{
	while (box->x0 < box->x1 && box->y0 < box->y1 && equal(s, box->x0, box->y0)) {
		box->x0++;
		box->y0++;
	}
	while (box->x0 < box->x1 && box->y0 < box->y1 && equal(s, box->x1 - 1, box->y1 - 1)) {
		box->x1--;
		box->y1--;
	}
}

static void all_changed(struct search *s, const struct box *box)
{
	int32_t i;

	for (i = box->x0; i < box->x1; i++)
		s->from->changed[i] = true;
	for (i = box->y0; i < box->y1; i++)
		s->to->changed[i] = true;
}

static int32_t area(const struct box *box)
{
	return box->x1 - box->x0 + box->y1 - box->y0;
}

/* The smaller part of a box that was cut is a call, the larger one the next turn, so that calls nest
 * no deeper than the logarithm of the lengths. */
static void compare(struct search *s, struct box box)
{
	for (;;) {
		struct box before, behind;
		int32_t x = 0, y = 0;

		shrink(s, &box);
		if (box.x0 == box.x1 || box.y0 == box.y1 || !cut(s, &box, &x, &y)) {
			all_changed(s, &box);
			return;
		}
		before = (struct box){ box.x0, box.y0, x, y };
		behind = (struct box){ x, y, box.x1, box.y1 };
		compare(s, area(&before) < area(&behind) ? before : behind);
		box = area(&before) < area(&behind) ? behind : before;
	}
}

int kvs_myers(const struct kvs_myers_side *from, const struct kvs_myers_side *to, int64_t work,
	      struct kvs_err *err)
{
	struct search s = { .from = from, .to = to, .work = work };
	/* Diagonals go from -to->n to from->n; each span has one more on either side. */
	size_t diagonals = from->n + to->n + 3;
	KVS_AUTO_FREE int32_t *room = NULL;

	if (from->n > KVS_MYERS_MAX || to->n > KVS_MYERS_MAX || diagonals > KVS_MYERS_MAX)
		return kvs_err_set(err, KVS_E_TOOBIG, "too much to be compared");
	room = kvs_realloc_array(NULL, diagonals, 2 * sizeof(*room));
	if (!room)
		return kvs_err_oom(err);
	s.forward = room + to->n + 1;
	s.backward = s.forward + diagonals;
	compare(&s, (struct box){ 0, 0, (int32_t)from->n, (int32_t)to->n });
	return 0;
}
