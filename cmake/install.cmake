# libwiretape, shared and static: all the folders' objects in one library each.
get_property(folders GLOBAL PROPERTY WT_FOLDERS)
get_property(libs GLOBAL PROPERTY WT_LIBS)
list(REMOVE_DUPLICATES libs)
set(objects "")
foreach(folder IN LISTS folders)
  list(APPEND objects $<TARGET_OBJECTS:wt_${folder}>)
endforeach()

add_library(wiretape_shared SHARED ${objects})
add_library(wiretape_static STATIC ${objects})
set_target_properties(wiretape_shared wiretape_static PROPERTIES
  OUTPUT_NAME wiretape LINKER_LANGUAGE C)
set_target_properties(wiretape_shared PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
target_link_libraries(wiretape_shared PRIVATE ${libs})
if(NOT WT_SANITIZE)
  target_link_options(wiretape_shared PRIVATE -Wl,--no-undefined)
endif()

install(TARGETS wiretape_shared
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
        NAMELINK_COMPONENT development)
install(TARGETS wiretape_static
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/wiretape
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
# Written while installing: only then is the prefix known that "cmake --install --prefix" asks for.
install(CODE "
  set(PROJECT_VERSION \"${PROJECT_VERSION}\")
  set(PROJECT_DESCRIPTION \"${PROJECT_DESCRIPTION}\")
  set(private_packages \"${WT_PRIVATE_PACKAGES}\")
  set(private_libs \"${WT_PRIVATE_LIBS}\")
  set(libdir \"${CMAKE_INSTALL_LIBDIR}\")
  set(includedir \"${CMAKE_INSTALL_INCLUDEDIR}\")
  foreach(dir libdir includedir)
    if(NOT IS_ABSOLUTE \"\${\${dir}}\")
      set(\${dir} \"\\\${prefix}/\${\${dir}}\")
    endif()
  endforeach()
  configure_file(\"${CMAKE_CURRENT_LIST_DIR}/wiretape.pc.in\" \"${PROJECT_BINARY_DIR}/wiretape.pc\" @ONLY)"
  COMPONENT development)
install(FILES ${PROJECT_BINARY_DIR}/wiretape.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/docs/wiretape.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime)
# The meaning of the keys of JSON, which "wiretape schema" prints, too.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/schema
        DESTINATION ${CMAKE_INSTALL_DATADIR}/wiretape COMPONENT runtime)
