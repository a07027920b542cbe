#pragma once

#include "policy/policy_file.h"
#include "tenon/result.h"
#include "tenon/wasi_config.h"

namespace tenon::wasi {

/// Adds to `config` what a policy file says for the target beside rules and limits: its mounts, secrets, certificate authorities and deterministic mode. Mounts
/// of the same guest path and a deterministic mode that `config` has already come before the file's; its authorities come before those of `config`.
///
/// Each secret's value is read here. The guest finds a placeholder, made anew, in a variable of the secret's name.
///
/// Errors: those of `policy::read_secret`; `Unavailable` when the machine has no random numbers.
Result<> apply_policy(const policy::PolicyFile& file, const policy::PolicyTarget& target, Config& config);

}  // namespace tenon::wasi
