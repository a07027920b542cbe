#pragma once

namespace CLI {
class App;
}

namespace tenon::cli {

class Program;

// Each adds one subcommand. The file command_NAME.cpp has its options and what it does; program.h shows how.
void add_run_command(CLI::App& app, Program& program);
void add_compile_command(CLI::App& app, Program& program);
void add_cache_command(CLI::App& app, Program& program);
void add_inspect_command(CLI::App& app, Program& program);
void add_policy_command(CLI::App& app, Program& program);
void add_validate_command(CLI::App& app, Program& program);
void add_bindgen_command(CLI::App& app, Program& program);
void add_completion_command(CLI::App& app, Program& program);
void add_component_command(CLI::App& app, Program& program);
void add_wast_command(CLI::App& app, Program& program);
void add_wit_command(CLI::App& app, Program& program);

}  // namespace tenon::cli
