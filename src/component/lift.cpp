// From a guest's values to `Value` (`CanonicalABI.md`, "Loading" and "Lifting"). Names are the specification's.
//
// NOTE: NaN payloads pass unchanged, as the specification allows and Wasmtime does.

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tenon/detail/guest.h"

namespace tenon::detail {

namespace {

template <class T>
bool put(Value& value, T number) {
  value = Value(std::move(number));
  return true;
}

bool put_char(Guest& guest, uint32_t code, Value& value) {
  if (!base::is_scalar_value(code)) return guest.trap("converted integer out of range for `char`");
  return put(value, static_cast<char32_t>(code));
}

bool put_handle(Guest& guest, const TypeNode& type, uint32_t index, Value& value) {
  ResourceAny resource;
  return guest.lift_handle(type, index, resource) && put(value, std::move(resource));
}

bool put_string(Guest& guest, uint64_t address, uint64_t length, Value& value) {
  std::string text;
  return lift_string(guest, address, length, text) && put(value, std::move(text));
}

bool unsupported(Guest& guest, const TypeNode& type) {
  return guest.fail(ErrorKind::Unsupported, std::string(to_string(type.kind)) + " values are not supported");
}

/// Elements that lie one after another; the range was checked.
bool load_elements(Guest& guest, TypeIndex element, uint64_t address, uint64_t length, Value& value) {
  const TypeNode& node = guest.node(element);
  const uint64_t size = guest.size_of(node);
  if (is_packed_element(node.kind)) {
    PackedList list{.element = node.kind, .bytes = {}};
    const auto* const from = reinterpret_cast<const std::byte*>(guest.memory() + address);
    list.bytes.assign(from, from + length * size);
    return put(value, std::move(list));
  }
  Value::Sequence sequence;
  sequence.items.resize(length);
  for (Value& item : sequence.items) {
    if (!lift_memory(guest, element, address, item)) return false;
    address += size;
  }
  return put(value, std::move(sequence));
}

bool load_list(Guest& guest, TypeIndex element, uint64_t address, uint64_t length, Value& value) {
  const TypeNode& node = guest.node(element);
  const uint64_t host_size = is_packed_element(node.kind) ? guest.size_of(node) : sizeof(Value);
  return check_list(guest, address, length, guest.size_of(node), guest.alignment_of(node), host_size) && load_elements(guest, element, address, length, value);
}

/// What a list, string or map is a pointer and a length to.
bool load_pointed(Guest& guest, const TypeNode& node, uint64_t address, uint64_t length, Value& value) {
  if (node.kind == TypeKind::String) return put_string(guest, address, length, value);
  return load_list(guest, node.kind == TypeKind::Map ? *node.entry : *node.fields[0].type, address, length, value);
}

/// The payload type of a case; an option's case 1 is its only part.
bool find_case(Guest& guest, const TypeNode& node, uint32_t discriminant, const std::optional<TypeIndex>*& payload) {
  static constexpr std::optional<TypeIndex> none;
  const size_t count = node.kind == TypeKind::Option ? 2 : node.fields.size();
  if (discriminant >= count) return guest.trap("discriminant " + std::to_string(discriminant) + " out of range [0.." + std::to_string(count) + ")");
  payload = node.kind != TypeKind::Option ? &node.fields[discriminant].type : discriminant == 1 ? &node.fields[0].type : &none;
  return true;
}

/// A case with the payload that `lift(type, value)` reads when there is one.
template <class Lift>
bool put_case(Guest& guest, const TypeNode& node, uint32_t discriminant, Value& value, Lift&& lift) {
  const std::optional<TypeIndex>* payload = nullptr;
  if (!find_case(guest, node, discriminant, payload)) return false;
  Value::Case lifted(discriminant, nullptr);
  if (*payload) {
    if (!guest.spend(sizeof(Value))) return false;
    lifted.payload = std::make_unique<Value>();
    if (!lift(**payload, *lifted.payload)) return false;
  }
  return put(value, std::move(lifted));
}

bool load_variant(Guest& guest, const TypeNode& node, uint64_t address, Value& value) {
  uint32_t discriminant = 0;
  switch (node.layout.discriminant_bytes) {
    case 1: discriminant = guest.load<uint8_t>(address); break;
    case 2: discriminant = guest.load<uint16_t>(address); break;
    default: discriminant = guest.load<uint32_t>(address); break;
  }
  return put_case(guest, node, discriminant, value,
                  [&](TypeIndex type, Value& payload) { return lift_memory(guest, type, address + guest.payload_offset_of(node), payload); });
}

bool lift_flat_variant(Guest& guest, const TypeNode& node, const RawValue*& flat, Value& value) {
  const RawValue* const end = flat + *node.layout.flat_count;
  const uint32_t discriminant = flat++->u32();
  const bool lifted = put_case(guest, node, discriminant, value, [&](TypeIndex type, Value& payload) { return lift_flat(guest, type, flat, payload); });
  flat = end;
  return lifted;
}

/// Bits past the last flag are the guest's noise and are dropped.
void mask_flags(const TypeNode& node, std::vector<uint32_t>& words) {
  if (const size_t rest = node.fields.size() % 32; rest != 0) words.back() &= (uint32_t{1} << rest) - 1;
}

bool load_flags(Guest& guest, const TypeNode& node, uint64_t address, Value& value) {
  Value::Flags flags;
  flags.words.resize((node.fields.size() + 31) / 32);
  if (!guest.spend(flags.words.size() * sizeof(uint32_t))) return false;
  std::memcpy(flags.words.data(), guest.memory() + address, guest.size_of(node));
  mask_flags(node, flags.words);
  return put(value, std::move(flags));
}

bool lift_flat_flags(const TypeNode& node, const RawValue*& flat, Value& value) {
  Value::Flags flags;
  flags.words.resize((node.fields.size() + 31) / 32);
  for (uint32_t& word : flags.words) word = flat++->u32();
  mask_flags(node, flags.words);
  return put(value, std::move(flags));
}

template <class T>
void pack(std::vector<std::byte>& bytes, size_t index, T number) {
  std::memcpy(bytes.data() + index * sizeof(T), &number, sizeof(T));
}

bool lift_flat_packed(const TypeNode& element, uint32_t length, const RawValue*& flat, Value& value) {
  const uint32_t size = element.layout.size32;
  PackedList list{.element = element.kind, .bytes = std::vector<std::byte>(size_t{length} * size)};
  for (uint32_t i = 0; i < length; ++i, ++flat) std::memcpy(list.bytes.data() + size_t{i} * size, &flat->bits, size);
  return put(value, std::move(list));
}

bool lift_flat_members(Guest& guest, const TypeNode& node, const RawValue*& flat, Value& value) {
  Value::Sequence sequence;
  const bool is_list = node.kind == TypeKind::FixedLengthList;
  if (is_list && is_packed_element(guest.node(*node.fields[0].type).kind)) return lift_flat_packed(guest.node(*node.fields[0].type), node.length, flat, value);
  const size_t count = is_list ? node.length : node.fields.size();
  if (!guest.spend(count, sizeof(Value))) return false;
  sequence.items.resize(count);
  for (size_t i = 0; i < count; ++i) {
    if (!lift_flat(guest, *node.fields[is_list ? 0 : i].type, flat, sequence.items[i])) return false;
  }
  return put(value, std::move(sequence));
}

bool load_members(Guest& guest, const TypeNode& node, uint64_t address, Value& value) {
  Value::Sequence sequence;
  if (!guest.spend(node.fields.size(), sizeof(Value))) return false;
  sequence.items.resize(node.fields.size());
  for (size_t i = 0; i < node.fields.size(); ++i) {
    if (!lift_memory(guest, *node.fields[i].type, address + guest.offset_of(node.fields[i]), sequence.items[i])) return false;
  }
  return put(value, std::move(sequence));
}

}  // namespace

bool lift_memory(Guest& guest, TypeIndex type, uint64_t address, Value& value) {
  const TypeNode& node = guest.node(type);
  switch (node.kind) {
    case TypeKind::Bool: return put(value, guest.load<uint8_t>(address) != 0);
    case TypeKind::S8: return put(value, guest.load<int8_t>(address));
    case TypeKind::U8: return put(value, guest.load<uint8_t>(address));
    case TypeKind::S16: return put(value, guest.load<int16_t>(address));
    case TypeKind::U16: return put(value, guest.load<uint16_t>(address));
    case TypeKind::S32: return put(value, guest.load<int32_t>(address));
    case TypeKind::U32: return put(value, guest.load<uint32_t>(address));
    case TypeKind::S64: return put(value, guest.load<int64_t>(address));
    case TypeKind::U64: return put(value, guest.load<uint64_t>(address));
    case TypeKind::F32: return put(value, guest.load<float>(address));
    case TypeKind::F64: return put(value, guest.load<double>(address));
    case TypeKind::Char: return put_char(guest, guest.load<uint32_t>(address), value);
    case TypeKind::String:
    case TypeKind::List:
    case TypeKind::Map: return load_pointed(guest, node, guest.load_pointer(address), guest.load_pointer(address + guest.pointer_size()), value);
    case TypeKind::FixedLengthList: {
      const TypeKind element = guest.node(*node.fields[0].type).kind;
      return guest.spend(node.length, is_packed_element(element) ? guest.size_of(guest.node(*node.fields[0].type)) : sizeof(Value)) &&
             load_elements(guest, *node.fields[0].type, address, node.length, value);
    }
    case TypeKind::Record:
    case TypeKind::Tuple: return load_members(guest, node, address, value);
    case TypeKind::Variant:
    case TypeKind::Enum:
    case TypeKind::Option:
    case TypeKind::Result: return load_variant(guest, node, address, value);
    case TypeKind::Flags: return load_flags(guest, node, address, value);
    case TypeKind::Own:
    case TypeKind::Borrow: return put_handle(guest, node, guest.load<uint32_t>(address), value);
    case TypeKind::Future:
    case TypeKind::Stream:
    case TypeKind::ErrorContext: return unsupported(guest, node);
  }
  std::unreachable();
}

bool lift_flat(Guest& guest, TypeIndex type, const RawValue*& flat, Value& value) {
  const TypeNode& node = guest.node(type);
  switch (node.kind) {
    case TypeKind::Bool: return put(value, flat++->u32() != 0);
    case TypeKind::S8: return put(value, static_cast<int8_t>(flat++->bits));
    case TypeKind::U8: return put(value, static_cast<uint8_t>(flat++->bits));
    case TypeKind::S16: return put(value, static_cast<int16_t>(flat++->bits));
    case TypeKind::U16: return put(value, static_cast<uint16_t>(flat++->bits));
    case TypeKind::S32: return put(value, static_cast<int32_t>(flat++->bits));
    case TypeKind::U32: return put(value, flat++->u32());
    case TypeKind::S64: return put(value, static_cast<int64_t>(flat++->bits));
    case TypeKind::U64: return put(value, flat++->u64());
    case TypeKind::F32: return put(value, std::bit_cast<float>(flat++->u32()));
    case TypeKind::F64: return put(value, std::bit_cast<double>(flat++->u64()));
    case TypeKind::Char: return put_char(guest, flat++->u32(), value);
    case TypeKind::String:
    case TypeKind::List:
    case TypeKind::Map: {
      const uint64_t address = guest.pointer(*flat++);
      const uint64_t length = guest.pointer(*flat++);
      return load_pointed(guest, node, address, length, value);
    }
    case TypeKind::FixedLengthList:
    case TypeKind::Record:
    case TypeKind::Tuple: return lift_flat_members(guest, node, flat, value);
    case TypeKind::Variant:
    case TypeKind::Enum:
    case TypeKind::Option:
    case TypeKind::Result: return lift_flat_variant(guest, node, flat, value);
    case TypeKind::Flags: return lift_flat_flags(node, flat, value);
    case TypeKind::Own:
    case TypeKind::Borrow: return put_handle(guest, node, flat++->u32(), value);
    case TypeKind::Future:
    case TypeKind::Stream:
    case TypeKind::ErrorContext: return unsupported(guest, node);
  }
  std::unreachable();
}

}  // namespace tenon::detail
