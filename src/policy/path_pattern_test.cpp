#include "policy/path_pattern.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tenon::policy {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
  const auto parsed = PathPattern::parse(pattern);
  EXPECT_TRUE(parsed) << pattern << ": " << parsed.error().message();
  return parsed && parsed->matches(path);
}

Relation relation(std::string_view pattern, std::string_view folder) { return PathPattern::parse(pattern)->relation_to(folder); }

TEST(PathPattern, WithoutAGlobCoversThePathAndAllBeneath) {
  EXPECT_TRUE(matches("/models", "/models"));
  EXPECT_TRUE(matches("/models", "/models/a/b"));
  EXPECT_FALSE(matches("/models", "/models2"));
  EXPECT_FALSE(matches("/models", "/model"));
  EXPECT_FALSE(matches("/models", "/"));
  EXPECT_TRUE(matches("/", "/"));
  EXPECT_TRUE(matches("/", "/a/b"));
}

TEST(PathPattern, WithADotAtItsEndCoversThePathAlone) {
  EXPECT_TRUE(matches("/models/.", "/models"));
  EXPECT_FALSE(matches("/models/.", "/models/a"));
  EXPECT_TRUE(matches("/.", "/"));
  EXPECT_FALSE(matches("/.", "/a"));
  EXPECT_TRUE(matches("/a/*/.", "/a/b"));
  EXPECT_EQ(PathPattern::parse("/models/.")->to_string(), "/models/.");
  EXPECT_EQ(PathPattern::parse("/.")->to_string(), "/.");
  EXPECT_EQ(PathPattern::parse("/a/*/.")->to_string(), "/a/*");
  EXPECT_EQ(relation("/models/.", "/models"), Relation::Overlaps);
  EXPECT_EQ(relation("/models/.", "/"), Relation::Overlaps);
  EXPECT_EQ(relation("/models/.", "/models/a"), Relation::Apart);
}

TEST(PathPattern, StarStaysWithinAName) {
  EXPECT_TRUE(matches("/data/*", "/data/a"));
  EXPECT_FALSE(matches("/data/*", "/data"));
  EXPECT_FALSE(matches("/data/*", "/data/a/b"));
  EXPECT_FALSE(matches("/data/*", "/database"));
  EXPECT_FALSE(matches("/data/*", "/database/a"));
  EXPECT_TRUE(matches("/data/*.txt", "/data/.txt"));
  EXPECT_TRUE(matches("/data/a*c*e", "/data/abcde"));
  EXPECT_FALSE(matches("/data/a*c*e", "/data/abde"));
  EXPECT_FALSE(matches("/data/ab*ba", "/data/aba"));
  EXPECT_TRUE(matches("/*/x", "/a/x"));
  EXPECT_FALSE(matches("/*/x", "/a/x/y"));
}

TEST(PathPattern, TwoStarsStandForAnyNumberOfNames) {
  EXPECT_TRUE(matches("/data/**", "/data"));
  EXPECT_TRUE(matches("/data/**", "/data/a/b/c"));
  EXPECT_FALSE(matches("/data/**", "/database"));
  EXPECT_TRUE(matches("/a/**/b", "/a/b"));
  EXPECT_TRUE(matches("/a/**/b", "/a/x/b/y/b"));
  EXPECT_FALSE(matches("/a/**/b", "/a/x/b/y"));
  EXPECT_TRUE(matches("/**", "/"));
  EXPECT_TRUE(matches("/**/*.rs", "/src/lib.rs"));
  EXPECT_FALSE(matches("/**/*.rs", "/"));
  EXPECT_TRUE(matches("/**/a/**/b", "/a/a/b/b"));
}

TEST(PathPattern, IsCaseSensitive) { EXPECT_FALSE(matches("/Data", "/data")); }

TEST(PathPattern, TakesSuperfluousSlashesAndDotsAway) {
  EXPECT_EQ(PathPattern::parse("//data/./x//")->to_string(), "/data/x");
  EXPECT_EQ(PathPattern::parse("/a/./")->to_string(), "/a");
  EXPECT_EQ(PathPattern::parse("///")->to_string(), "/");
  EXPECT_EQ(PathPattern::parse("/data/**/")->to_string(), "/data/**");
}

TEST(PathPattern, RefusesWhatIsNoPlainPath) {
  for (const char* text : {"",        "data",       "./data",      "~/data",    "/data/..",  "/../etc", "/a/../b", "/data/a**", "/data/**a", "/data/***",
                           "/data/?", "/data/[ab]", "/data/{a,b}", "/data/\\n", "/data/x\\", "/a\nb",   "*",       "**",        "\xff/a",    "/\xff"}) {
    EXPECT_FALSE(PathPattern::parse(text)) << text;
  }
  EXPECT_FALSE(PathPattern::parse(std::string_view("/a\0b", 4)));
  EXPECT_FALSE(PathPattern::parse("/" + std::string(path_bytes_max, 'a')));
  std::string deep;
  for (int i = 0; i < 64; ++i) deep += "/*";
  EXPECT_FALSE(PathPattern::parse(deep));
  EXPECT_TRUE(PathPattern::parse(deep.substr(2)));
}

TEST(PathPattern, PercentSignsAreOrdinaryInFileNames) {
  EXPECT_TRUE(matches("/data/%2e%2e", "/data/%2e%2e"));
  EXPECT_FALSE(matches("/data/%2e%2e", "/data/.."));
  EXPECT_TRUE(matches("/100%", "/100%/x"));
}

TEST(PathPattern, EscapesMakeGlobCharactersOrdinary) {
  EXPECT_TRUE(matches("/a\\*b", "/a*b"));
  EXPECT_FALSE(matches("/a\\*b", "/axb"));
  EXPECT_TRUE(matches("/\\[id\\].tsx", "/[id].tsx"));
  EXPECT_TRUE(matches("/a\\\\b", "/a\\b"));
  EXPECT_TRUE(matches("/\\**", "/*x"));
  EXPECT_EQ(PathPattern::of_path("/[id]/*").to_string(), "/\\[id\\]/\\*");
}

TEST(PathPattern, KnowsItsFixedPrefix) {
  const auto prefix = [](std::string_view text) { return std::string(PathPattern::parse(text)->fixed_prefix()); };
  EXPECT_EQ(prefix("/data/**"), "/data");
  EXPECT_EQ(prefix("/data/*.txt"), "/data");
  EXPECT_EQ(prefix("/data/a*/b"), "/data");
  EXPECT_EQ(prefix("/data/x"), "/data/x");
  EXPECT_EQ(prefix("/*"), "/");
  EXPECT_EQ(prefix("/"), "/");
}

TEST(PathPattern, TellsHowMuchOfAFolderItCovers) {
  EXPECT_EQ(relation("/data", "/data/a"), Relation::Covers);
  EXPECT_EQ(relation("/data/a", "/data"), Relation::Overlaps);
  EXPECT_EQ(relation("/data", "/other"), Relation::Apart);
  EXPECT_EQ(relation("/data", "/database"), Relation::Apart);
  EXPECT_EQ(relation("/data/**", "/data"), Relation::Covers);
  EXPECT_EQ(relation("/data/**", "/data/x/y"), Relation::Covers);
  EXPECT_EQ(relation("/data/*", "/data"), Relation::Overlaps);
  EXPECT_EQ(relation("/data/*", "/data/x"), Relation::Overlaps);
  EXPECT_EQ(relation("/data/*", "/data/x/y"), Relation::Apart);
  EXPECT_EQ(relation("/data/*.txt", "/data/x"), Relation::Apart);
  EXPECT_EQ(relation("/**/x", "/a"), Relation::Overlaps);
  EXPECT_EQ(relation("/*/x/**", "/a"), Relation::Overlaps);
  EXPECT_EQ(relation("/*/x/**", "/a/x"), Relation::Covers);
  EXPECT_EQ(relation("/**", "/"), Relation::Covers);
  EXPECT_EQ(relation("/a/b/**", "/"), Relation::Overlaps);
}

TEST(PathPattern, MatchesInBoundedTime) {
  std::string pattern;
  for (int i = 0; i < 31; ++i) pattern += "/**/a*a*a*";
  std::string path;
  while (path.size() + 2 <= path_bytes_max) path += "/a";
  const auto parsed = PathPattern::parse(pattern);
  ASSERT_TRUE(parsed);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(parsed->matches(path));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
}

TEST(NormalPath, IsAbsoluteWithoutDotsAndEmptyNames) {
  for (const char* path : {"/", "/a", "/a/b", "/.a", "/a..", "/..."}) EXPECT_TRUE(is_normal_path(path)) << path;
  for (const char* path : {"", "a", "/a/", "//", "//a", "/a//b", "/.", "/..", "/a/..", "/a/../b", "/a/./b", "./a"}) EXPECT_FALSE(is_normal_path(path)) << path;
  EXPECT_FALSE(is_normal_path(std::string_view("/a\0", 3)));
  EXPECT_FALSE(is_normal_path("/" + std::string(path_bytes_max, 'a')));
}

TEST(NamePattern, MatchesNames) {
  EXPECT_TRUE(NamePattern::parse("APP_*")->matches("APP_"));
  EXPECT_TRUE(NamePattern::parse("APP_*")->matches("APP_KEY"));
  EXPECT_FALSE(NamePattern::parse("APP_*")->matches("MYAPP_KEY"));
  EXPECT_FALSE(NamePattern::parse("HOME")->matches("home"));
  EXPECT_TRUE(NamePattern::parse("*")->matches("ANY"));
  EXPECT_FALSE(NamePattern::parse(""));
  EXPECT_FALSE(NamePattern::parse("A**"));
}

}  // namespace
}  // namespace tenon::policy
