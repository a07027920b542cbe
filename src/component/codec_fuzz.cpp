#include "tenon/detail/codec.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "component/fake_guest.h"
#include "component/typed_sample.h"
#include "tenon/detail/codec_compound.h"
#include "tenon/value.h"

namespace {

using namespace tenon;
using namespace tenon::component;

/// What one path made of the guest's bytes: the value lowered again, or the error.
struct Lifted {
  std::string error;
  Value value;
};

template <int W, class T>
Lifted lift_typed(const TypeTable& table, TypeIndex type, const FakeGuest::Options& options, const std::vector<uint8_t>& bytes) {
  FakeGuest fake(table, options);
  std::copy(bytes.begin(), bytes.end(), fake.bytes().begin());
  T typed{};
  if (!detail::Codec<T>::template load<W>(fake.guest(), type, 0, typed)) return {.error = fake.guest().take_error().message(), .value = {}};
  FakeGuest other(table, {.encoding = options.encoding, .is_64 = options.is_64, .memory_bytes = 1 << 20});
  other.set_next(4096);
  TENON_CHECK((detail::Codec<T>::template store<W>(other.guest(), type, 0, typed)), other.guest().take_error().message());
  Lifted lifted;
  TENON_CHECK(detail::lift_memory(other.guest(), type, 0, lifted.value), other.guest().take_error().message());
  return lifted;
}

/// The typed path takes and refuses what the dynamic one does, with the same words.
template <class T>
void compare(TypeIndex (*make)(TypeTable&), const FakeGuest::Options& options, const std::vector<uint8_t>& bytes) {
  TypeTable table;
  const TypeIndex type = make(table);
  FakeGuest fake(table, options);
  std::copy(bytes.begin(), bytes.end(), fake.bytes().begin());
  Value value;
  const bool lifted = detail::lift_memory(fake.guest(), type, 0, value);
  const Lifted typed = options.is_64 ? lift_typed<8, T>(table, type, options, bytes) : lift_typed<4, T>(table, type, options, bytes);
  const std::string error = lifted ? "" : fake.guest().take_error().message();
  TENON_CHECK(error == typed.error, "dynamic: " + error + ", typed: " + typed.error);
  TENON_CHECK(!lifted || value == typed.value, "the paths read different values");
}

}  // namespace

// The guest's memory from any bytes, read by both paths.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const FakeGuest::Options options{.encoding = static_cast<detail::TextEncoding>(data[0] % 3), .is_64 = data[0] % 2 == 1, .memory_bytes = 1 << 12};
  std::vector<uint8_t> bytes(data + 2, data + std::min<size_t>(size, 2 + options.memory_bytes));
  switch (data[1] % 4) {
    case 0: compare<Sample>(add_sample_type, options, bytes); break;
    case 1: compare<std::vector<Sample>>([](TypeTable& t) { return t.add_list(add_sample_type(t)); }, options, bytes); break;
    case 2: compare<SampleVariant>(add_sample_variant_type, options, bytes); break;
    default: compare<SampleFlags>(add_sample_flags_type, options, bytes); break;
  }
  return 0;
}
