#include "component/names.h"

#include <gtest/gtest.h>

namespace tenon::component {
namespace {

std::string_view track_of(std::string_view name) {
  const auto track = find_version_track(name);
  return track ? track->track : "";
}

TEST(VersionTrack, IsTheMajorNumberOrTheMinorBelowOne) {
  EXPECT_EQ(track_of("a:b/c@1.4.0"), "a:b/c@1");
  EXPECT_EQ(track_of("a:b/c@12.4.0+build.7"), "a:b/c@12");
  EXPECT_EQ(track_of("a:b/c@0.2.6"), "a:b/c@0.2");
}

TEST(VersionTrack, IsAbsentWhereNothingIsCompatible) {
  for (const char* name :
       {"a:b/c", "a:b/c@0.0.1", "a:b/c@1.0.0-rc.1", "a:b/c@1.0", "a:b/c@01.0.0", "a:b/c@1.0.0+", "a:b/c@x", "a:b/c@", "a:b/c@99999999999999999999.0.0"}) {
    EXPECT_EQ(track_of(name), "") << name;
  }
}

TEST(NameMap, FindsTheExactNameFirstAndTheNewestOfTheTrackElse) {
  NameMap<int> map;
  map.insert("wasi:cli/environment@0.2.3", 3);
  map.insert("wasi:cli/environment@0.2.0", 0);
  EXPECT_EQ(*map.find("wasi:cli/environment@0.2.0"), 0);
  EXPECT_EQ(*map.find("wasi:cli/environment@0.2.6"), 3);
  EXPECT_EQ(*map.find("wasi:cli/environment@0.2.1"), 3);
  EXPECT_EQ(map.find("wasi:cli/environment@0.3.0"), nullptr);
  EXPECT_EQ(map.find("wasi:cli/environment"), nullptr);
  EXPECT_EQ(map.find_exact("wasi:cli/environment@0.2.6"), nullptr);
}

TEST(NameMap, ADefinitionMadeAgainReplacesTheFirst) {
  NameMap<int> map;
  map.insert("a", 1);
  map.insert("b", 2);
  map.insert("a", 3);
  ASSERT_EQ(map.entries().size(), 2u);
  EXPECT_EQ(map.entries()[0].second, 3);
}

}  // namespace
}  // namespace tenon::component
