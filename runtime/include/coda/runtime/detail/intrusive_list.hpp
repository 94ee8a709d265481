// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cassert>

namespace coda::detail {

// A doubly linked list whose nodes live in their owners and leave by themselves when destroyed: every queue of the
// runtime is one, so that a wait never allocates and an abandoned one leaves no trace. One thread only.
class list_node {
public:
    list_node() noexcept = default;
    list_node(list_node const&) = delete;
    list_node& operator=(list_node const&) = delete;
    ~list_node() { unlink(); }

    bool linked() const noexcept { return next_ != nullptr; }

    void unlink() noexcept {
        if (next_ == nullptr) return;
        prev_->next_ = next_;
        next_->prev_ = prev_;
        prev_ = next_ = nullptr;
    }

private:
    template <class T>
    friend class intrusive_list;

    list_node* prev_ = nullptr;
    list_node* next_ = nullptr;
};

// FIFO of `T`, which derives from list_node. Nodes left at the end are unlinked, not destroyed.
template <class T>
class intrusive_list {
public:
    intrusive_list() noexcept { head_.prev_ = head_.next_ = &head_; }
    intrusive_list(intrusive_list const&) = delete;
    intrusive_list& operator=(intrusive_list const&) = delete;
    ~intrusive_list() {
        while (!empty()) pop_front();
        head_.prev_ = head_.next_ = nullptr;
    }

    bool empty() const noexcept { return head_.next_ == &head_; }
    T& front() noexcept { return static_cast<T&>(*head_.next_); }
    T const& front() const noexcept { return static_cast<T const&>(*head_.next_); }
    T& back() noexcept { return static_cast<T&>(*head_.prev_); }

    // For walking along the list; nullptr at its end.
    T* first() noexcept { return empty() ? nullptr : &front(); }
    T* after(T& item) noexcept {
        list_node* const next = static_cast<list_node&>(item).next_;
        return next == &head_ ? nullptr : static_cast<T*>(next);
    }

    void push_back(T& item) noexcept { insert_before(head_, item); }
    void push_front(T& item) noexcept { insert_before(*head_.next_, item); }

    T& pop_front() noexcept {
        T& item = front();
        static_cast<list_node&>(item).unlink();
        return item;
    }

    // Moves everything of `other` to the end of this list, in order.
    void splice_back(intrusive_list& other) noexcept {
        if (other.empty()) return;
        list_node* first = other.head_.next_;
        list_node* last = other.head_.prev_;
        other.head_.prev_ = other.head_.next_ = &other.head_;
        first->prev_ = head_.prev_;
        head_.prev_->next_ = first;
        last->next_ = &head_;
        head_.prev_ = last;
    }

private:
    static void insert_before(list_node& position, list_node& node) noexcept {
        assert(!node.linked());
        node.prev_ = position.prev_;
        node.next_ = &position;
        position.prev_->next_ = &node;
        position.prev_ = &node;
    }

    list_node head_;
};

} // namespace coda::detail
