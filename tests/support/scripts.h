#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "wast/runner.h"
#include "wast/script.h"

namespace tenon::tests {

/// The scripts of a folder and all below it, in the order of their paths; none when there is no such folder.
std::vector<std::filesystem::path> scripts_of(const std::filesystem::path& folder);

/// Reads and runs a script; one that cannot be read is a finding at line 0.
wast::Report run_script(const Engine& engine, const std::filesystem::path& path);

/// A report as test output: one line a finding.
std::string describe(const std::filesystem::path& path, const wast::Report& report);

/// Runs a script all of whose directives are to pass.
void expect_passes_whole(const std::filesystem::path& path);

/// A test's name for a script that is its parameter.
std::string name_of_script(const testing::TestParamInfo<std::filesystem::path>& info);

/// The binaries of a script's text, in its order.
std::vector<std::vector<std::byte>> binaries_of(std::string_view text);

}  // namespace tenon::tests
