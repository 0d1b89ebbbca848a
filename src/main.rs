fn main(){ 
 let mode=std::env::args().nth(1).unwrap();
 if mode=="patch" {
   let cases: serde_json::Value=serde_json::from_str(&std::fs::read_to_string(std::env::args().nth(2).unwrap()).unwrap()).unwrap();
   let mut ok=0; let mut bad=0;
   for c in cases.as_array().unwrap() {
     let input=c["input"].as_str().unwrap();
     let (t,_)=krmor::yaml::decode(input.as_bytes().to_vec()).unwrap(); let t=std::sync::Arc::new(t);
     let mut docs=krmor::yaml::parse(&t).unwrap();
     let d=&mut docs[c["document"].as_u64().unwrap() as usize];
     let mut err=None;
     for op in c["patch"].as_array().unwrap() {
       use krmor::yaml::*;
       let o=match op["op"].as_str().unwrap(){"add"=>Op::Add,"remove"=>Op::Remove,_=>Op::Replace};
       if let Err(e)=d.apply(Operation{op:o,path:op["path"].as_str().unwrap(),value:&op["value"]}){err=Some(e);}
     }
     let out=krmor::yaml::render(&docs);
     if out==c["expected"].as_str().unwrap_or("") && err.is_none() {ok+=1} else {bad+=1; println!("== {} {:?}\n{}\n-- got\n{}-- want\n{}",c["name"],err,c["patch"],out,c["expected"].as_str().unwrap_or(""));}
   }
   println!("{ok} ok {bad} bad"); return;
 }
 for f in std::env::args().skip(2) {
  let name=f.rsplit('/').next().unwrap().to_string();
  let b=std::fs::read(&f).unwrap();
  let r=krmor::yaml::decode(b).and_then(|(t,_)|{ let t=std::sync::Arc::new(t); krmor::yaml::parse(&t).map(|d| d.iter().map(|d| if mode=="typed" {d.root().typed()} else {d.root().json()}).collect::<Vec<_>>())});
  match r { Ok(d)=>println!("{name}\tOK\t{}", d.join("\x1e")), Err(e)=>println!("{name}\tERR\t{}@{}", e.message,e.offset) }
 }
}
