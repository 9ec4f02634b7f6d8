# wt_folder_library(NAME SOURCES … HEADERS … [USES other folders] [LIBS targets])
# One folder of the tree is one static library. HEADERS are the public ones, installed below
# <wiretape/NAME/>.
set_property(GLOBAL PROPERTY WT_FOLDERS "")

function(wt_folder_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;USES;LIBS" ${ARGN})
  add_library(wt_${name} STATIC ${ARG_SOURCES})
  target_include_directories(wt_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>)
  foreach(folder IN LISTS ARG_USES)
    target_link_libraries(wt_${name} PUBLIC wt_${folder})
  endforeach()
  target_link_libraries(wt_${name} PRIVATE ${ARG_LIBS})
  set_property(GLOBAL APPEND PROPERTY WT_FOLDERS ${name})
  set_property(GLOBAL APPEND PROPERTY WT_LIBS ${ARG_LIBS})
  install(FILES ${ARG_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/wiretape/${name}
          COMPONENT development)
endfunction()
