// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/timer_queue.hpp>

#include <utility>

namespace coda::detail {

void timer_queue::clear() noexcept {
    while (root_ != nullptr) remove(*root_);
}

void timer_queue::insert(timer& t, time_point when) noexcept {
    if (t.queue_ != nullptr) t.queue_->remove(t);
    t.when_ = when;
    t.order_ = next_order_++;
    t.queue_ = this;
    root_ = meld(root_, &t);
}

void timer_queue::remove(timer& t) noexcept {
    if (t.queue_ == nullptr) return;
    if (&t == root_) {
        root_ = meld_pairs(t.child_);
    } else {
        if (t.prev_->child_ == &t)
            t.prev_->child_ = t.next_;
        else
            t.prev_->next_ = t.next_;
        if (t.next_ != nullptr) t.next_->prev_ = t.prev_;
        if (t.child_ != nullptr) root_ = meld(root_, meld_pairs(t.child_));
    }
    t.child_ = t.next_ = t.prev_ = nullptr;
    t.queue_ = nullptr;
}

bool timer_queue::fire_one(time_point now) noexcept {
    if (root_ == nullptr || root_->when_ > now) return false;
    timer& due = *root_;
    remove(due);
    due.function_(due);
    return true;
}

// Two heaps become one: the later root becomes the first child of the earlier.
timer* timer_queue::meld(timer* a, timer* b) noexcept {
    if (a == nullptr) return b;
    if (b == nullptr) return a;
    if (before(*b, *a)) std::swap(a, b);
    b->prev_ = a;
    b->next_ = a->child_;
    if (a->child_ != nullptr) a->child_->prev_ = b;
    a->child_ = b;
    a->next_ = a->prev_ = nullptr;
    return a;
}

// The two passes of a pairing heap over a list of siblings: meld them two by two from the left, then the pairs from the
// right. The pairs are chained by `next_` in reverse, so no recursion and no extra memory.
timer* timer_queue::meld_pairs(timer* first) noexcept {
    timer* pairs = nullptr;
    while (first != nullptr) {
        timer* a = first;
        timer* b = a->next_;
        first = b != nullptr ? b->next_ : nullptr;
        a->next_ = a->prev_ = nullptr;
        if (b != nullptr) b->next_ = b->prev_ = nullptr;
        timer* pair = meld(a, b);
        pair->next_ = pairs;
        pairs = pair;
    }
    timer* heap = nullptr;
    while (pairs != nullptr) {
        timer* next = pairs->next_;
        pairs->next_ = nullptr;
        heap = meld(heap, pairs);
        pairs = next;
    }
    return heap;
}

} // namespace coda::detail
