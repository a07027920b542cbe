#include "process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

extern char** environ;

namespace tenon::oracle {

namespace {

std::unexpected<Error> gone(std::string_view doing) {
  return fail(ErrorKind::Unavailable, "the oracle ended while " + std::string(doing) + ": " + std::strerror(errno));
}

Result<> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return gone("it was asked");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Oracle>> Oracle::start(const std::string& path) {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) return gone("pipes were made");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  std::string name = path;
  std::array<char*, 2> arguments = {name.data(), nullptr};
  pid_t process = 0;
  const int status = posix_spawn(&process, path.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  if (status != 0) {
    close(to[1]);
    close(from[0]);
    return fail(ErrorKind::Unavailable, "cannot start " + path + ": " + std::strerror(status));
  }
  signal(SIGPIPE, SIG_IGN);  // a dead oracle is an error of `ask`, not the end of the test
  return std::unique_ptr<Oracle>(new Oracle(process, to[1], from[0]));
}

Oracle::~Oracle() {
  close(input_);
  close(output_);
  waitpid(process_, nullptr, 0);
}

Result<Json> Oracle::ask(std::string_view component, const Json& calls) {
  const std::string request = Json{{"size", component.size()}, {"calls", calls}}.dump() + "\n";
  TENON_CHECK_OK(write_all(input_, request));
  TENON_CHECK_OK(write_all(input_, component));
  size_t end = 0;
  while ((end = rest_.find('\n')) == std::string::npos) {
    std::array<char, 65536> buffer;
    const ssize_t size = read(output_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return gone("it answered");
    rest_.append(buffer.data(), static_cast<size_t>(size));
  }
  Json answer = Json::parse(rest_.substr(0, end), nullptr, false);
  rest_.erase(0, end + 1);
  if (answer.is_discarded()) return fail(ErrorKind::Unavailable, "the oracle answered with what is no JSON");
  return answer;
}

}  // namespace tenon::oracle
