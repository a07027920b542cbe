#include "wasi/preview1/preview1.h"

#include <algorithm>

#include "wasi/filesystem/preopens.h"
#include "wasi/refusal.h"

namespace tenon::wasi::preview1 {
namespace {

constexpr std::string_view module_name = "wasi_snapshot_preview1";

const Function* find_function(std::string_view name) {
  for (const std::span<const Function> functions : {file_functions(), process_functions()}) {
    const auto found = std::ranges::find(functions, name, &Function::name);
    if (found != functions.end()) return &*found;
  }
  return nullptr;
}

core::FuncType type_of(const Function& function) {
  core::FuncType type;
  for (const char letter : function.type) type.params.push_back(letter == 'I' ? core::ValType::I64 : core::ValType::I32);
  if (function.name != "proc_exit") type.results.push_back(core::ValType::I32);
  return type;
}

Result<core::Func> make_function(Store& store, const Function& function) {
  return core::Func::create(store, type_of(function),
                            [body = function.body](Store& own, std::span<const core::Val> arguments, std::span<core::Val> results) -> Result<> {
                              Context& context = Context::of(own);
                              TENON_CHECK_OK(context.enter());
                              State& state = context.part<State>();
                              TENON_CHECK_OK(state.open());
                              Call call(context, state, arguments);
                              TENON_TRY(const Errno answer, body(call));
                              if (!results.empty()) results[0] = static_cast<int32_t>(answer);
                              return {};
                            });
}

}  // namespace

State::~State() {
  for (size_t i = 0; i < files_.size(); i++)
    if (files_[i] != nullptr) context_.guard().budget().close_handle();
}

Result<> State::open() {
  if (is_open_) return {};
  is_open_ = true;
  for (const File::Kind kind : {File::Kind::Input, File::Kind::Output, File::Kind::Error}) {
    auto file = std::make_unique<File>();
    file->kind = kind;
    TENON_CHECK_OK(add(std::move(file)));
  }
  TENON_CHECK_OK(filesystem::open_preopens(context_));
  for (const std::shared_ptr<filesystem::Folder>& folder : context_.part<filesystem::Preopens>().folders()) {
    auto file = std::make_unique<File>();
    file->descriptor = std::make_unique<filesystem::Descriptor>(context_, folder);
    file->given_name = folder->name;
    TENON_CHECK_OK(add(std::move(file)));
  }
  return {};
}

Result<uint32_t> State::add(std::unique_ptr<File> file) {
  TENON_CHECK_OK(context_.guard().budget().open_handle());
  const auto free = std::ranges::find_if(files_, [](const auto& held) { return held == nullptr; });
  if (free != files_.end()) {
    *free = std::move(file);
    return static_cast<uint32_t>(free - files_.begin());
  }
  files_.push_back(std::move(file));
  return static_cast<uint32_t>(files_.size() - 1);
}

void State::remove(uint32_t fd) {
  files_[fd].reset();
  context_.guard().budget().close_handle();
}

void State::move(uint32_t from, uint32_t to) {
  if (from == to) return;
  files_[to] = std::move(files_[from]);
  context_.guard().budget().close_handle();
}

Result<std::optional<core::Func>> make_import(Store& store, const core::ImportType& import) {
  const Function* const function = import.module == module_name ? find_function(import.name) : nullptr;
  if (function == nullptr) return std::nullopt;
  TENON_TRY(core::Func made, make_function(store, *function));
  return std::optional(made);
}

Result<> check_imports(const core::Module& module, policy::Guard& guard) {
  for (const core::ImportType& import : module.imports()) {
    if (import.module != module_name || import.name != "random_get" || guard.allow(policy::Access::RandomSecure)) continue;
    return fail(ErrorKind::Denied, "wasi_snapshot_preview1.random_get: " + denial(guard, policy::Access::RandomSecure));
  }
  return {};
}

Result<> bind_memory(Context& context, const core::Instance& instance) {
  auto memory = instance.get_memory("memory");
  if (!memory) return fail(ErrorKind::InvalidInput, "a module of WASI preview 1 exports its memory as \"memory\"; this one does not");
  context.part<State>().set_memory(*memory);
  return {};
}

}  // namespace tenon::wasi::preview1
