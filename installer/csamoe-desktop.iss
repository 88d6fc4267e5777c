; Inno Setup's recipe for the Windows installer (Inno Setup 6.3 or newer), after `python run.py package`:
;
;     iscc /DVersion=0.1.0 installer\csamoe-desktop.iss          -> dist\csamoe-desktop-0.1.0-setup.exe
;
; Installs for the current user, without an administrator, as most office workstations require. An administrator can
; install for all users: csamoe-desktop-0.1.0-setup.exe /ALLUSERS. Unattended: /VERYSILENT. No file type is taken over:
; DICOM files still open with the program that the clinic chose.

#ifndef Version
  #error Give the version: iscc /DVersion=0.1.0 installer\csamoe-desktop.iss
#endif
#define Title "CSA-MoE Desktop"
#define Built "..\dist\csamoe-desktop"

[Setup]
; The same in every version, so that a newer version replaces an older one. Never change it.
AppId={{6E1B7C52-3C0D-4C1E-9F7B-2B6D5A1E8C43}
AppName={#Title}
AppVersion={#Version}
AppVerName={#Title} {#Version}
VersionInfoVersion={#Version}
DefaultDirName={autopf}\{#Title}
DefaultGroupName={#Title}
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=commandline
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
OutputDir=..\dist
OutputBaseFilename=csamoe-desktop-{#Version}-setup
UninstallDisplayIcon={app}\{#Title}.exe
InfoBeforeFile=before-installing.txt
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
; Do not kill a running program: ask the user to close the window.
CloseApplications=yes
RestartApplications=no

[InstallDelete]
; Remove modules that the newer version no longer has, so that they cannot be imported.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Built}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Tasks]
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; GroupDescription: "{cm:AdditionalIcons}"; Flags: unchecked

[Icons]
Name: "{autoprograms}\{#Title}"; Filename: "{app}\{#Title}.exe"; WorkingDir: "{userdocs}"
Name: "{autodesktop}\{#Title}"; Filename: "{app}\{#Title}.exe"; WorkingDir: "{userdocs}"; Tasks: desktopicon

[Run]
Filename: "{app}\{#Title}.exe"; Description: "{cm:LaunchProgram,{#Title}}"; WorkingDir: "{userdocs}"; Flags: nowait postinstall skipifsilent

; Uninstalling keeps settings, recent files and log (in the user's application data).
