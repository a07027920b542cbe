# tenon: the layers in one static library, what `cmake --install` puts in place and `find_package(tenon)` finds. The Rust library is
# installed beside it as tenon::native.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(layers GLOBAL PROPERTY TENON_LAYERS)
get_property(headers GLOBAL PROPERTY TENON_PUBLIC_HEADERS)
list(REMOVE_DUPLICATES headers)
set(objects)
foreach(layer IN LISTS layers)
  list(APPEND objects $<TARGET_OBJECTS:${layer}>)
endforeach()

set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)  # target all_verify_interface_header_sets compiles each public header alone
add_library(tenon STATIC ${objects})
add_library(tenon::tenon ALIAS tenon)
set_target_properties(tenon PROPERTIES LINKER_LANGUAGE CXX)
target_sources(tenon PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}/include FILES ${headers})
target_compile_features(tenon PUBLIC cxx_std_23)
target_link_libraries(tenon PUBLIC Threads::Threads fmt::fmt sodium ${CMAKE_DL_LIBS} $<BUILD_INTERFACE:tenon_native> $<INSTALL_INTERFACE:tenon::native>)

install(TARGETS tenon EXPORT tenon ARCHIVE COMPONENT library FILE_SET HEADERS COMPONENT library)
install(EXPORT tenon NAMESPACE tenon:: FILE tenon-targets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tenon COMPONENT library)
get_target_property(native_library tenon_native IMPORTED_LOCATION)
install(FILES ${native_library} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
configure_package_config_file(cmake/tenon-config.cmake.in ${CMAKE_BINARY_DIR}/tenon-config.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tenon PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tenon-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/tenon-config.cmake ${CMAKE_BINARY_DIR}/tenon-config-version.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tenon COMPONENT library)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tenon COMPONENT library)
if(TARGET tenon_command)
  install(TARGETS tenon_command RUNTIME COMPONENT command)
endif()
