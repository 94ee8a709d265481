// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/intrusive_list.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <optional>
#include <random>
#include <vector>

namespace runtime_intrusive_list_test {

using coda::detail::intrusive_list;
using coda::detail::list_node;

struct item : list_node {
    explicit item(int i) noexcept : id(i) {}
    int id;
};

std::vector<int> drained(intrusive_list<item>& list) {
    std::vector<int> ids;
    while (!list.empty()) ids.push_back(list.pop_front().id);
    return ids;
}

TEST(intrusive_list, is_first_in_first_out) {
    item a(1), b(2), c(3), d(4);
    intrusive_list<item> list;
    EXPECT_TRUE(list.empty());
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    list.push_front(d);
    EXPECT_EQ(&list.front(), &d);
    EXPECT_EQ(drained(list), (std::vector{4, 1, 2, 3}));
    EXPECT_FALSE(a.linked() || b.linked() || c.linked() || d.linked());
}

TEST(intrusive_list, node_leaves_by_itself_or_by_being_destroyed) {
    item a(1), c(3);
    intrusive_list<item> list;
    list.push_back(a);
    {
        item b(2);
        list.push_back(b);
        list.push_back(c);
    }
    a.unlink();
    a.unlink(); // again: nothing
    EXPECT_FALSE(a.linked());
    EXPECT_EQ(drained(list), (std::vector{3}));
}

TEST(intrusive_list, unlinks_its_nodes_when_destroyed) {
    item a(1), b(2);
    {
        intrusive_list<item> list;
        list.push_back(a);
        list.push_back(b);
    }
    EXPECT_FALSE(a.linked() || b.linked());
}

TEST(intrusive_list, node_may_go_from_list_to_list) {
    item a(1);
    intrusive_list<item> one, two;
    one.push_back(a);
    a.unlink();
    two.push_back(a);
    EXPECT_TRUE(one.empty());
    EXPECT_EQ(drained(two), (std::vector{1}));
}

TEST(intrusive_list, splices_another_behind_itself) {
    item a(1), b(2), c(3), d(4);
    intrusive_list<item> one, two;
    one.splice_back(two);
    EXPECT_TRUE(one.empty());
    two.push_back(c);
    two.push_back(d);
    one.splice_back(two); // into an empty one
    EXPECT_TRUE(two.empty());
    two.push_back(a);
    two.push_back(b);
    one.splice_back(two);
    c.unlink(); // nodes know their new neighbours
    EXPECT_EQ(drained(one), (std::vector{4, 1, 2}));
    two.push_back(c); // and the other list is of use again
    EXPECT_EQ(drained(two), (std::vector{3}));
}

TEST(intrusive_list, does_what_a_list_does) {
    std::mt19937 random(1);
    std::deque<std::optional<item>> items(50);
    for (int i = 0; i < 50; ++i) items[static_cast<std::size_t>(i)].emplace(i);
    intrusive_list<item> list;
    std::list<int> expected;
    for (int step = 0; step < 50'000; ++step) {
        auto& node = items[random() % items.size()];
        int const id = node->id;
        bool const was_in = std::find(expected.begin(), expected.end(), id) != expected.end();
        ASSERT_EQ(node->linked(), was_in);
        expected.remove(id);
        switch (random() % 4) {
        case 0:
            node->unlink();
            list.push_back(*node);
            expected.push_back(id);
            break;
        case 1:
            node->unlink();
            list.push_front(*node);
            expected.push_front(id);
            break;
        case 2: node->unlink(); break;
        default: node.emplace(id); // destroys the old one
        }
        ASSERT_EQ(list.empty(), expected.empty());
        if (!expected.empty()) {
            ASSERT_EQ(list.front().id, expected.front());
        }
    }
    EXPECT_EQ(drained(list), std::vector<int>(expected.begin(), expected.end()));
}

} // namespace runtime_intrusive_list_test
