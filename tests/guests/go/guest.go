// The guest in Go: world `tool` over the canonical ABI by hand. What the host is to read stays reachable until it calls post-return.
package main

import (
	"strings"
	"unsafe"
)

//go:wasmimport $root log
func hostLog(level uint32, message unsafe.Pointer, size uint32)

// record tool-result inside result<tool-result, string>, as it lies in memory.
type outcome struct {
	isError uint8
	_       [3]uint8
	// ok: bool and padding; error: the text's address.
	first uint32
	// ok: the value's address; error: the text's length.
	second    uint32
	valueSize uint32
	hasError  uint8
	_         [3]uint8
	errorAt   uint32
	errorSize uint32
}

type byteList struct{ address, size uint32 }

var (
	kept   = map[uint32][]byte{}
	result outcome
	list   byteList
)

func keep(data []byte) (uint32, uint32) {
	if len(data) == 0 {
		return 1, 0
	}
	address := uint32(uintptr(unsafe.Pointer(&data[0])))
	kept[address] = data
	return address, uint32(len(data))
}

//go:wasmexport cabi_realloc
func realloc(old, oldSize, align, size uint32) uint32 {
	if size == 0 {
		return align
	}
	// Words, so that the block is aligned for every type.
	words := make([]uint64, (size+7)/8)
	block := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
	if before, found := kept[old]; found && oldSize != 0 {
		copy(block, before)
		delete(kept, old)
	}
	address, _ := keep(block)
	return address
}

func take(address, size uint32) string {
	if size == 0 {
		return ""
	}
	text := string(kept[address][:size])
	delete(kept, address)
	return text
}

//go:wasmexport execute-tool
func executeTool(id, idSize, name, nameSize, input, inputSize uint32) uint32 {
	take(id, idSize)
	tool, given := take(name, nameSize), take(input, inputSize)
	message := []byte("called " + tool)
	hostLog(1, unsafe.Pointer(&message[0]), uint32(len(message)))
	result = outcome{}
	switch tool {
	case "upper":
		result.first = 1
		result.second, result.valueSize = keep([]byte(strings.ToUpper(given)))
	case "fail":
		result.second = 1
		result.hasError = 1
		result.errorAt, result.errorSize = keep([]byte(given))
	case "panic":
		panic("asked to")
	default:
		result.isError = 1
		result.first, result.second = keep([]byte("unknown tool " + tool))
	}
	return uint32(uintptr(unsafe.Pointer(&result)))
}

//go:wasmexport cabi_post_execute-tool
func postExecuteTool(uint32) { clear(kept) }

//go:wasmexport bytes
func echoBytes(data, size uint32) uint32 {
	list = byteList{data, size}
	return uint32(uintptr(unsafe.Pointer(&list)))
}

//go:wasmexport cabi_post_bytes
func postBytes(uint32) { clear(kept) }

func main() {}
