# The Rust static library: built once into a cache outside the checkout, keyed by its inputs (tools/native_library.sh), and
# imported here as tenon_native. A change of a Rust source configures again; the path changes with the key, so what links it links again.

file(GLOB_RECURSE native_inputs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/native/src/*)
execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/native_library.sh OUTPUT_VARIABLE native_library OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${native_inputs} ${native_library} ${CMAKE_SOURCE_DIR}/native/Cargo.toml ${CMAKE_SOURCE_DIR}/native/Cargo.lock)
add_library(tenon_native STATIC IMPORTED GLOBAL)
set_target_properties(tenon_native PROPERTIES IMPORTED_LOCATION ${native_library} INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_SOURCE_DIR}/native/include
  INTERFACE_LINK_LIBRARIES "pthread;dl;m" INTERFACE_LINK_OPTIONS "-Wl,--gc-sections")
file(MAKE_DIRECTORY ${CMAKE_SOURCE_DIR}/native/include)
