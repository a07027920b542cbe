// From `Value` to a guest's values (`CanonicalABI.md`, "Storing" and "Lowering"). Names are the specification's.
//
// A value of another shape than its type is refused where it is met; `tenon::check` finds the words for it.

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tenon/detail/guest.h"

namespace tenon::detail {

namespace {

bool mismatch(Guest& guest, const TypeNode& node) {
  return guest.fail(ErrorKind::InvalidInput, "value does not match type " + std::string(to_string(node.kind)));
}

bool unsupported(Guest& guest, const TypeNode& node) {
  return guest.fail(ErrorKind::Unsupported, std::string(to_string(node.kind)) + " values are not supported");
}

template <class T>
bool store_number(Guest& guest, const TypeNode& node, const Value& value, uint64_t address) {
  const T* const number = value.get_if<T>();
  if (number == nullptr) return mismatch(guest, node);
  guest.store<T>(address, *number);
  return true;
}

/// Integers are extended as the specification has it: unsigned with zeros, signed to i32 with their sign; the slot's upper half stays zero.
template <class T>
bool flatten_number(Guest& guest, const TypeNode& node, const Value& value, RawValue*& flat) {
  const T* const number = value.get_if<T>();
  if (number == nullptr) return mismatch(guest, node);
  if constexpr (std::is_same_v<T, float>) {
    *flat++ = RawValue::of(std::bit_cast<uint32_t>(*number));
  } else if constexpr (std::is_same_v<T, double>) {
    *flat++ = RawValue::of(std::bit_cast<uint64_t>(*number));
  } else if constexpr (sizeof(T) == 8) {
    *flat++ = RawValue::of(static_cast<uint64_t>(*number));
  } else {
    *flat++ = RawValue::of(static_cast<uint32_t>(*number));
  }
  return true;
}

bool get_char(Guest& guest, const TypeNode& node, const Value& value, uint32_t& code) {
  const char32_t* const c = value.get_if<char32_t>();
  if (c == nullptr || !base::is_scalar_value(*c)) return mismatch(guest, node);
  code = *c;
  return true;
}

bool get_handle(Guest& guest, const TypeNode& node, const Value& value, uint32_t& index) {
  const ResourceAny* const resource = value.get_if<ResourceAny>();
  if (resource == nullptr || resource->state == nullptr) return mismatch(guest, node);
  return guest.lower_handle(node, *resource, index);
}

/// Elements one after another; their room is there.
bool store_elements(Guest& guest, TypeIndex element, const Value& value, uint64_t address) {
  if (const PackedList* const packed = value.get_if<PackedList>()) {
    if (!packed->bytes.empty()) std::memcpy(guest.memory() + address, packed->bytes.data(), packed->bytes.size());
    return true;
  }
  const uint64_t size = guest.size_of(guest.node(element));
  for (const Value& item : value.get_if<Value::Sequence>()->items) {
    if (!lower_memory(guest, element, item, address)) return false;
    address += size;
  }
  return true;
}

/// The number of elements, when `value` is a list of such elements at all.
bool count_elements(Guest& guest, const TypeNode& node, const TypeNode& element, const Value& value, uint64_t& count) {
  if (const PackedList* const packed = value.get_if<PackedList>()) {
    if (packed->element != element.kind || !is_packed_element(element.kind) || packed->bytes.size() % element.layout.size32 != 0) return mismatch(guest, node);
    count = packed->bytes.size() / element.layout.size32;
    return true;
  }
  const Value::Sequence* const sequence = value.get_if<Value::Sequence>();
  if (sequence == nullptr) return mismatch(guest, node);
  count = sequence->items.size();
  return true;
}

/// Puts what a string, list or map points to into the guest.
bool lower_pointed(Guest& guest, const TypeNode& node, const Value& value, uint64_t& address, uint64_t& length) {
  if (node.kind == TypeKind::String) {
    const std::string* const text = value.get_if<std::string>();
    if (text == nullptr) return mismatch(guest, node);
    return check_text(guest, *text) && lower_string(guest, *text, address, length);
  }
  const TypeIndex element = node.kind == TypeKind::Map ? *node.entry : *node.fields[0].type;
  const TypeNode& element_node = guest.node(element);
  return count_elements(guest, node, element_node, value, length) &&
         allocate_list(guest, length, guest.size_of(element_node), guest.alignment_of(element_node), address) && store_elements(guest, element, value, address);
}

/// The case that `value` holds: its payload's type, and that it has a payload exactly when there is one.
bool find_case(Guest& guest, const TypeNode& node, const Value& value, const Value::Case*& held, const std::optional<TypeIndex>*& payload) {
  static constexpr std::optional<TypeIndex> none;
  held = value.get_if<Value::Case>();
  const size_t count = node.kind == TypeKind::Option ? 2 : node.fields.size();
  if (held == nullptr || held->index >= count) return mismatch(guest, node);
  payload = node.kind != TypeKind::Option ? &node.fields[held->index].type : held->index == 1 ? &node.fields[0].type : &none;
  return payload->has_value() == (held->payload != nullptr) || mismatch(guest, node);
}

bool store_variant(Guest& guest, const TypeNode& node, const Value& value, uint64_t address) {
  const Value::Case* held = nullptr;
  const std::optional<TypeIndex>* payload = nullptr;
  if (!find_case(guest, node, value, held, payload)) return false;
  switch (node.layout.discriminant_bytes) {
    case 1: guest.store(address, static_cast<uint8_t>(held->index)); break;
    case 2: guest.store(address, static_cast<uint16_t>(held->index)); break;
    default: guest.store(address, held->index); break;
  }
  return !*payload || lower_memory(guest, **payload, *held->payload, address + guest.payload_offset_of(node));
}

bool flatten_variant(Guest& guest, const TypeNode& node, const Value& value, RawValue*& flat) {
  const Value::Case* held = nullptr;
  const std::optional<TypeIndex>* payload = nullptr;
  if (!find_case(guest, node, value, held, payload)) return false;
  RawValue* const end = flat + *node.layout.flat_count;
  *flat++ = RawValue::of(held->index);
  if (*payload && !lower_flat(guest, **payload, *held->payload, flat)) return false;
  while (flat != end) *flat++ = RawValue{};
  return true;
}

/// The words of a flags value, when their number is right and no bit past the last flag is set.
bool get_flags(Guest& guest, const TypeNode& node, const Value& value, const std::vector<uint32_t>*& words) {
  const Value::Flags* const flags = value.get_if<Value::Flags>();
  const size_t count = node.fields.size();
  if (flags == nullptr || flags->words.size() != (count + 31) / 32) return mismatch(guest, node);
  if (count % 32 != 0 && flags->words.back() >> (count % 32) != 0) return mismatch(guest, node);
  words = &flags->words;
  return true;
}

bool store_flags(Guest& guest, const TypeNode& node, const Value& value, uint64_t address) {
  const std::vector<uint32_t>* words = nullptr;
  if (!get_flags(guest, node, value, words)) return false;
  if (!words->empty()) std::memcpy(guest.memory() + address, words->data(), guest.size_of(node));
  return true;
}

bool flatten_flags(Guest& guest, const TypeNode& node, const Value& value, RawValue*& flat) {
  const std::vector<uint32_t>* words = nullptr;
  if (!get_flags(guest, node, value, words)) return false;
  for (const uint32_t word : *words) *flat++ = RawValue::of(word);
  return true;
}

bool store_members(Guest& guest, const TypeNode& node, const Value& value, uint64_t address) {
  const Value::Sequence* const sequence = value.get_if<Value::Sequence>();
  if (sequence == nullptr || sequence->items.size() != node.fields.size()) return mismatch(guest, node);
  for (size_t i = 0; i < node.fields.size(); ++i) {
    if (!lower_memory(guest, *node.fields[i].type, sequence->items[i], address + guest.offset_of(node.fields[i]))) return false;
  }
  return true;
}

bool flatten_members(Guest& guest, const TypeNode& node, const Value& value, RawValue*& flat) {
  const Value::Sequence* const sequence = value.get_if<Value::Sequence>();
  if (sequence == nullptr || sequence->items.size() != node.fields.size()) return mismatch(guest, node);
  for (size_t i = 0; i < node.fields.size(); ++i) {
    if (!lower_flat(guest, *node.fields[i].type, sequence->items[i], flat)) return false;
  }
  return true;
}

bool flatten_fixed_length_list(Guest& guest, const TypeNode& node, const Value& value, RawValue*& flat) {
  const TypeIndex element = *node.fields[0].type;
  uint64_t count = 0;
  if (!count_elements(guest, node, guest.node(element), value, count)) return false;
  if (count != node.length) return mismatch(guest, node);
  const PackedList* const packed = value.get_if<PackedList>();
  for (uint64_t i = 0; i < count; ++i) {
    if (!lower_flat(guest, element, packed != nullptr ? packed_element(*packed, i) : value.get_if<Value::Sequence>()->items[i], flat)) return false;
  }
  return true;
}

bool store_fixed_length_list(Guest& guest, const TypeNode& node, const Value& value, uint64_t address) {
  uint64_t count = 0;
  if (!count_elements(guest, node, guest.node(*node.fields[0].type), value, count)) return false;
  if (count != node.length) return mismatch(guest, node);
  return store_elements(guest, *node.fields[0].type, value, address);
}

}  // namespace

bool lower_memory(Guest& guest, TypeIndex type, const Value& value, uint64_t address) {
  const TypeNode& node = guest.node(type);
  switch (node.kind) {
    case TypeKind::Bool: return store_number<bool>(guest, node, value, address);
    case TypeKind::S8: return store_number<int8_t>(guest, node, value, address);
    case TypeKind::U8: return store_number<uint8_t>(guest, node, value, address);
    case TypeKind::S16: return store_number<int16_t>(guest, node, value, address);
    case TypeKind::U16: return store_number<uint16_t>(guest, node, value, address);
    case TypeKind::S32: return store_number<int32_t>(guest, node, value, address);
    case TypeKind::U32: return store_number<uint32_t>(guest, node, value, address);
    case TypeKind::S64: return store_number<int64_t>(guest, node, value, address);
    case TypeKind::U64: return store_number<uint64_t>(guest, node, value, address);
    case TypeKind::F32: return store_number<float>(guest, node, value, address);
    case TypeKind::F64: return store_number<double>(guest, node, value, address);
    case TypeKind::Char: {
      uint32_t code = 0;
      if (!get_char(guest, node, value, code)) return false;
      guest.store(address, code);
      return true;
    }
    case TypeKind::String:
    case TypeKind::List:
    case TypeKind::Map: {
      uint64_t pointed = 0;
      uint64_t length = 0;
      if (!lower_pointed(guest, node, value, pointed, length)) return false;
      guest.store_pointer(address, pointed);
      guest.store_pointer(address + guest.pointer_size(), length);
      return true;
    }
    case TypeKind::FixedLengthList: return store_fixed_length_list(guest, node, value, address);
    case TypeKind::Record:
    case TypeKind::Tuple: return store_members(guest, node, value, address);
    case TypeKind::Variant:
    case TypeKind::Enum:
    case TypeKind::Option:
    case TypeKind::Result: return store_variant(guest, node, value, address);
    case TypeKind::Flags: return store_flags(guest, node, value, address);
    case TypeKind::Own:
    case TypeKind::Borrow: {
      uint32_t index = 0;
      if (!get_handle(guest, node, value, index)) return false;
      guest.store(address, index);
      return true;
    }
    case TypeKind::Future:
    case TypeKind::Stream:
    case TypeKind::ErrorContext: return unsupported(guest, node);
  }
  std::unreachable();
}

bool lower_flat(Guest& guest, TypeIndex type, const Value& value, RawValue*& flat) {
  const TypeNode& node = guest.node(type);
  switch (node.kind) {
    case TypeKind::Bool: return flatten_number<bool>(guest, node, value, flat);
    case TypeKind::S8: return flatten_number<int8_t>(guest, node, value, flat);
    case TypeKind::U8: return flatten_number<uint8_t>(guest, node, value, flat);
    case TypeKind::S16: return flatten_number<int16_t>(guest, node, value, flat);
    case TypeKind::U16: return flatten_number<uint16_t>(guest, node, value, flat);
    case TypeKind::S32: return flatten_number<int32_t>(guest, node, value, flat);
    case TypeKind::U32: return flatten_number<uint32_t>(guest, node, value, flat);
    case TypeKind::S64: return flatten_number<int64_t>(guest, node, value, flat);
    case TypeKind::U64: return flatten_number<uint64_t>(guest, node, value, flat);
    case TypeKind::F32: return flatten_number<float>(guest, node, value, flat);
    case TypeKind::F64: return flatten_number<double>(guest, node, value, flat);
    case TypeKind::Char: {
      uint32_t code = 0;
      if (!get_char(guest, node, value, code)) return false;
      *flat++ = RawValue::of(code);
      return true;
    }
    case TypeKind::String:
    case TypeKind::List:
    case TypeKind::Map: {
      uint64_t address = 0;
      uint64_t length = 0;
      if (!lower_pointed(guest, node, value, address, length)) return false;
      *flat++ = RawValue::of(address);
      *flat++ = RawValue::of(length);
      return true;
    }
    case TypeKind::FixedLengthList: return flatten_fixed_length_list(guest, node, value, flat);
    case TypeKind::Record:
    case TypeKind::Tuple: return flatten_members(guest, node, value, flat);
    case TypeKind::Variant:
    case TypeKind::Enum:
    case TypeKind::Option:
    case TypeKind::Result: return flatten_variant(guest, node, value, flat);
    case TypeKind::Flags: return flatten_flags(guest, node, value, flat);
    case TypeKind::Own:
    case TypeKind::Borrow: {
      uint32_t index = 0;
      if (!get_handle(guest, node, value, index)) return false;
      *flat++ = RawValue::of(index);
      return true;
    }
    case TypeKind::Future:
    case TypeKind::Stream:
    case TypeKind::ErrorContext: return unsupported(guest, node);
  }
  std::unreachable();
}

}  // namespace tenon::detail
