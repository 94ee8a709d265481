// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/timer_queue.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace runtime_timer_queue_test {

using namespace std::chrono_literals;
using coda::time_point;
using coda::timer;
using coda::detail::timer_queue;

constexpr time_point at(int ms) { return time_point(std::chrono::milliseconds(ms)); }

class noting_timer : public timer {
public:
    noting_timer(int i, std::vector<int>& f) noexcept
        : timer([](timer& t) noexcept {
              auto& self = static_cast<noting_timer&>(t);
              EXPECT_FALSE(self.armed());
              self.fired.push_back(self.id);
          }),
          id(i),
          fired(f) {}
    int id;
    std::vector<int>& fired;
};

TEST(timer_queue, empty_has_nothing_due) {
    timer_queue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.earliest(), coda::no_deadline);
    EXPECT_FALSE(queue.fire_one(at(1000)));
}

TEST(timer_queue, fires_what_is_due_and_nothing_else) {
    timer_queue queue;
    std::vector<int> fired;
    noting_timer one(1, fired), two(2, fired);
    queue.insert(two, at(20));
    queue.insert(one, at(10));
    EXPECT_EQ(queue.earliest(), at(10));
    EXPECT_FALSE(queue.fire_one(at(9)));
    EXPECT_TRUE(queue.fire_one(at(10)));
    EXPECT_FALSE(queue.fire_one(at(19)));
    EXPECT_EQ(fired, (std::vector{1}));
    EXPECT_TRUE(two.armed());
    EXPECT_EQ(two.when(), at(20));
}

TEST(timer_queue, ties_fire_in_the_order_they_were_armed) {
    timer_queue queue;
    std::vector<int> fired;
    std::vector<std::unique_ptr<noting_timer>> timers;
    for (int i = 0; i < 100; ++i) timers.push_back(std::make_unique<noting_timer>(i, fired));
    for (auto& t : timers) queue.insert(*t, at(5));
    queue.insert(*timers[3], at(5)); // armed again: now the last
    while (queue.fire_one(at(5))) {}
    std::vector<int> expected;
    for (int i = 0; i < 100; ++i)
        if (i != 3) expected.push_back(i);
    expected.push_back(3);
    EXPECT_EQ(fired, expected);
}

TEST(timer_queue, destroyed_timer_leaves) {
    timer_queue queue;
    std::vector<int> fired;
    noting_timer stays(1, fired);
    queue.insert(stays, at(3));
    for (int when : {1, 3, 5}) {
        noting_timer goes(2, fired);
        queue.insert(goes, at(when));
    }
    EXPECT_EQ(queue.earliest(), at(3));
    while (queue.fire_one(at(100))) {}
    EXPECT_EQ(fired, (std::vector{1}));
}

TEST(timer_queue, destroyed_queue_disarms) {
    std::vector<int> fired;
    std::vector<std::unique_ptr<noting_timer>> timers;
    {
        timer_queue queue;
        for (int i = 0; i < 50; ++i) {
            timers.push_back(std::make_unique<noting_timer>(i, fired));
            queue.insert(*timers.back(), at(i * 7 % 50));
        }
    }
    for (auto& t : timers) EXPECT_FALSE(t->armed());
}

TEST(timer_queue, removing_what_is_not_armed_does_nothing) {
    timer_queue queue;
    std::vector<int> fired;
    noting_timer t(1, fired);
    queue.remove(t);
    queue.insert(t, at(1));
    queue.remove(t);
    queue.remove(t);
    EXPECT_TRUE(queue.empty());
}

TEST(timer_queue, may_be_changed_by_the_timer_that_fires) {
    timer_queue queue;
    std::vector<int> fired;
    noting_timer other(2, fired);
    struct changes : timer {
        changes(timer_queue& q, timer& o) noexcept
            : timer([](timer& t) noexcept {
                  auto& self = static_cast<changes&>(t);
                  self.queue.remove(self.other);
                  if (++self.times < 3) self.queue.insert(self, self.when() + 1ms);
              }),
              queue(q),
              other(o) {}
        timer_queue& queue;
        timer& other;
        int times = 0;
    } first(queue, other);
    queue.insert(first, at(1));
    queue.insert(other, at(2));
    while (queue.fire_one(at(10))) {}
    EXPECT_EQ(first.times, 3);
    EXPECT_TRUE(fired.empty());
    EXPECT_TRUE(queue.empty());
}

// The queue beside a std::multimap, which keeps equal keys in the order of insertion.
class model {
public:
    explicit model(unsigned seed) : random_(seed) {
        for (int i = 0; i < 300; ++i) timers_.push_back(std::make_unique<noting_timer>(i, fired_));
    }

    void step() {
        auto const which = random_() % timers_.size();
        auto const action = random_() % 10;
        if (action < 5)
            arm(which, at(now_ + static_cast<int>(random_() % 40)));
        else if (action < 8)
            disarm(which);
        else if (action < 9)
            replace(which);
        else
            advance(static_cast<int>(random_() % 6));
        ASSERT_EQ(queue_.empty(), expected_.empty());
        ASSERT_EQ(queue_.earliest(), expected_.empty() ? coda::no_deadline : expected_.begin()->first);
    }

    void drain() { advance(1000); }

private:
    void forget(std::size_t which) {
        auto const found = std::find_if(expected_.begin(), expected_.end(),
                                        [&](auto const& e) { return e.second == static_cast<int>(which); });
        ASSERT_EQ(timers_[which]->armed(), found != expected_.end());
        if (found != expected_.end()) expected_.erase(found);
    }
    void arm(std::size_t which, time_point when) {
        forget(which);
        queue_.insert(*timers_[which], when);
        expected_.emplace(when, static_cast<int>(which));
    }
    void disarm(std::size_t which) {
        forget(which);
        queue_.remove(*timers_[which]);
    }
    void replace(std::size_t which) {
        forget(which);
        timers_[which] = std::make_unique<noting_timer>(static_cast<int>(which), fired_);
    }
    void advance(int ms) {
        now_ += ms;
        fired_.clear();
        while (queue_.fire_one(at(now_))) {}
        std::vector<int> due;
        while (!expected_.empty() && expected_.begin()->first <= at(now_)) {
            due.push_back(expected_.begin()->second);
            expected_.erase(expected_.begin());
        }
        ASSERT_EQ(fired_, due);
    }

    std::mt19937 random_;
    timer_queue queue_;
    std::multimap<time_point, int> expected_;
    std::vector<int> fired_;
    std::vector<std::unique_ptr<noting_timer>> timers_;
    int now_ = 0;
};

TEST(timer_queue, does_what_a_sorted_map_does) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(seed);
        model m(seed);
        for (int i = 0; i < 20'000; ++i) {
            m.step();
            if (HasFatalFailure()) return;
        }
        m.drain();
    }
}

} // namespace runtime_timer_queue_test
